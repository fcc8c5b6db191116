"""
Read models: what pages, HTTP, the command line, the calendar and metrics show. All of them show the same.

Nothing here changes anything. A model is a value of plain fields; the edge that shows it only renders. Begin with
`overview`: what is so now, and what needs somebody.
"""
