"""One module for each kind of wish. Each takes a `Run` and returns a `Completed`, or raises `NeedsInput` or
`NoAnswer`."""
