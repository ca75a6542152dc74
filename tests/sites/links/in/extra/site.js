// '<a href="x">'
