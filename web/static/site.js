"use strict";

// Empty fields are no filters: they stay out of the address.
for (const form of document.querySelectorAll("form[data-prune]")) {
  form.addEventListener("submit", () => {
    const empty = [...form.elements].filter((each) => each.name && !each.value && !each.disabled);
    for (const each of empty) each.disabled = true;
    // The page may come back from the browser's memory with its fields as they are now.
    setTimeout(() => { for (const each of empty) each.disabled = false; }, 0);
  });
}

// Without a clipboard (plain http on another host) there is no button, and the text can be selected by hand.
if (navigator.clipboard) {
  for (const box of document.querySelectorAll(".copy")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = document.body.dataset.copy;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(box.querySelector("code").textContent);
      button.textContent = document.body.dataset.copied;
      setTimeout(() => { button.textContent = document.body.dataset.copy; }, 2000);
    });
    box.append(button);
  }
}
