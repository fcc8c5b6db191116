"""One kind of destination a package; they are strangers to each other, and share what lies above them."""
