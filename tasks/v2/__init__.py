"""The HTTP interface of the browser runtime, `/v2/rover/*`."""
