"""The live board (大屏): every figure counted from rows, as docs define it."""
