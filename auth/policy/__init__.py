"""What an agreement says, and what it comes to: documents of grants, and the compiler that makes profiles of them."""
