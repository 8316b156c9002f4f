"""Made-up features of millions of images, and what is measured with them."""
