"""Every schema there ever was, as steps from one to the next. What stands here has run somewhere: it is never changed."""
