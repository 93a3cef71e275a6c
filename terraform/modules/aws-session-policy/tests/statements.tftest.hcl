run "a_build_needs_the_agent_only" {
  command = plan

  assert {
    condition     = [for statement in jsondecode(output.statements) : statement.Sid] == ["Sessions", "SayThatItIsThere"]
    error_message = "sessions of builds are not recorded"
  }
}

run "sessions_of_people_are_recorded" {
  command = plan

  variables {
    recording = { log_group = "/example/sessions", bucket = "example-sessions-123456789012-us-west-2", key_alias = "example-sessions" }
  }

  assert {
    condition     = contains([for statement in jsondecode(output.statements) : statement.Resource], "arn:aws:logs:*:*:log-group:/example/sessions:*")
    error_message = "in this log group and in no other"
  }

  assert {
    condition     = [for statement in jsondecode(output.statements) : statement.Condition["ForAnyValue:StringEquals"]["kms:ResourceAliases"] if statement.Sid == "EncryptSessions"] == ["alias/example-sessions"]
    error_message = "with this key and with no other"
  }
}
