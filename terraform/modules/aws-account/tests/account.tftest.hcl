mock_provider "aws" {
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/example-boundary" }
  }
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
}

variables {
  fleet         = "example"
  account       = "123456789012"
  github        = { owner = "example", name = "fleet", owner_id = "123456", repository_id = "456789" }
  builds_images = true
  jobs = {
    build-runner = {
      description = "builds images"
      subjects    = ["environment:images"]
      hours       = 3
      policy      = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"ec2:DescribeImages\",\"Resource\":\"*\"}]}"
    }
  }
  boundaries = {
    jobs     = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"*\"}]}"
    machines = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"NotAction\":\"iam:*\",\"Resource\":\"*\"}]}"
  }
  operators = {
    prod = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"ec2:DescribeInstances\",\"Resource\":\"*\"}]}"
  }
}

run "only_the_job_itself_logs_in" {
  command = apply

  assert {
    condition = jsondecode(aws_iam_role.job["build-runner"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == [
      "repo:example/fleet:environment:images",
      "repo:example@123456/fleet@456789:environment:images",
    ]
    error_message = "both forms of the subject, exactly"
  }

  assert {
    condition     = jsondecode(aws_iam_role.job["build-runner"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:repository_id"] == "456789"
    error_message = "a repository that takes over the name has another id"
  }

  assert {
    condition     = aws_iam_role.job["build-runner"].max_session_duration == 10800
    error_message = "a build takes longer than an hour"
  }
}

run "without_ids_the_old_subject_counts" {
  command = apply

  variables {
    github = { owner = "example", name = "fleet" }
  }

  assert {
    condition     = jsondecode(aws_iam_role.job["build-runner"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repo:example/fleet:environment:images"]
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
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && jsondecode(aws_iam_role.job["build-runner"].assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
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
    jobs = {
      build-runner = {
        description = "builds images"
        subjects    = ["environment:images"]
        policy      = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}"
      }
    }
  }

  expect_failures = [var.jobs]
}

run "a_wildcard_in_a_subject_is_refused" {
  command = plan

  variables {
    jobs = {
      build-runner = {
        description = "builds images"
        subjects    = ["environment:*"]
        policy      = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"ec2:DescribeImages\",\"Resource\":\"*\"}]}"
      }
    }
  }

  expect_failures = [var.jobs]
}

run "every_identity_has_its_boundary" {
  command = apply

  assert {
    condition     = aws_iam_role.job["build-runner"].permissions_boundary == aws_iam_policy.boundary["jobs"].arn && aws_iam_role.build[0].permissions_boundary == aws_iam_policy.boundary["machines"].arn
    error_message = "jobs and machines"
  }
}

run "an_account_that_only_runs_images_builds_none" {
  command = plan

  variables {
    builds_images = false
    jobs          = {}
  }

  assert {
    condition     = length(aws_iam_role.build) == 0 && length(aws_iam_role.job) == 0 && length(aws_iam_policy.operators) == 1
    error_message = "people still need sessions"
  }
}
