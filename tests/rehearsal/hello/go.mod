module fleetgen/tests/rehearsal/hello

go 1.26
