"""All pages for people: templates, styles, scripts, texts. Pure: an encoded document in, HTML out."""
