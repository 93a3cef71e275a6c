mock_provider "aws" {
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
}

variables {
  fleet        = "example"
  account      = "123456789012"
  github       = { owner = "example", name = "fleet", owner_id = "123456", repository_id = "456789" }
  build_policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"ec2:DescribeImages\",\"Resource\":\"*\"}]}"
}

run "only_the_builds_own_job_logs_in" {
  command = apply

  assert {
    condition = jsondecode(aws_iam_role.runner.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == [
      "repo:example/fleet:environment:images",
      "repo:example@123456/fleet@456789:environment:images",
    ]
    error_message = "both forms of the subject, exactly"
  }

  assert {
    condition     = jsondecode(aws_iam_role.runner.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:repository_id"] == "456789"
    error_message = "a repository that takes over the name has another id"
  }

  assert {
    condition     = aws_iam_role.runner.max_session_duration == 10800
    error_message = "a build takes longer than an hour"
  }
}

run "without_ids_the_old_subject_counts" {
  command = apply

  variables {
    github = { owner = "example", name = "fleet" }
  }

  assert {
    condition     = jsondecode(aws_iam_role.runner.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repo:example/fleet:environment:images"]
    error_message = "one subject"
  }
}

run "an_existing_provider_is_used" {
  command = plan

  variables {
    create_oidc_provider        = false
    create_service_linked_roles = false
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && jsondecode(aws_iam_role.runner.assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    error_message = "an account has one provider"
  }
}

run "a_wildcard_in_the_repository_is_refused" {
  command = plan

  variables {
    github = { owner = "example", name = "*" }
  }

  expect_failures = [var.github]
}

run "a_policy_that_allows_everything_is_refused" {
  command = plan

  variables {
    build_policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"
  }

  expect_failures = [var.build_policy]
}
