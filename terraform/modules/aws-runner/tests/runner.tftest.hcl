mock_provider "aws" {}

variables {
  network                     = "example-aws-tokyo"
  account                     = "123456789012"
  region                      = "ap-northeast-1"
  vpc_id                      = "vpc-1"
  endpoints_security_group_id = "sg-1"
  subnet_ids                  = ["subnet-1", "subnet-2"]

  image = { owner = "099720109477", name = "ubuntu-noble" }
  package_sources = [{
    url     = "https://snapshot.ubuntu.com/ubuntu/20261101T235959Z"
    suites  = "noble noble-updates noble-security"
    keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
  }]
  proxy = {
    url               = "http://proxy.aws-tokyo.example.internal:3128"
    port              = 3128
    security_group_id = "sg-2"
    exceptions        = ["localhost", "169.254.169.254", "sts.ap-northeast-1.amazonaws.com"]
  }

  repository = "example/fleet"
  label      = "example-runner"
  app        = "Iv23liExample"
  app_key    = "example/github-app"

  run_as            = "ops"
  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  session_key_alias = "example-sessions"
}

run "there_is_no_machine_until_a_job_asks" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.this.min_size == 0 && aws_autoscaling_group.this.desired_capacity == 0 && aws_autoscaling_group.this.max_size == 2
    error_message = "a hosted job raises the group"
  }

  assert {
    condition     = aws_autoscaling_group.this.protect_from_scale_in && aws_autoscaling_group.this.max_instance_lifetime == 86400
    error_message = "no other job ends a machine that runs one, and none lives for ever"
  }
}

run "nothing_connects_to_it_and_only_the_proxy_leads_out" {
  command = plan

  assert {
    condition     = { for name, rule in aws_vpc_security_group_egress_rule.this : name => rule.from_port } == { endpoints = 443, proxy = 3128, s3 = 443 }
    error_message = "endpoints, S3 and the proxy"
  }

  assert {
    condition     = [for name in ["endpoints", "proxy"] : aws_vpc_security_group_egress_rule.this[name].referenced_security_group_id] == ["sg-1", "sg-2"] && alltrue([for rule in aws_vpc_security_group_egress_rule.this : rule.cidr_ipv4 == null])
    error_message = "and nothing else of the network"
  }

  assert {
    condition     = aws_launch_template.this.network_interfaces[0].associate_public_ip_address == "false" && aws_launch_template.this.metadata_options[0].http_tokens == "required"
    error_message = "no public address, and tokens for the metadata service"
  }
}

run "it_reads_one_secret_and_ends_machines_of_its_group" {
  command = plan

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Resource if contains(["ReadTheKeyOfTheApp", "EndItself"], try(statement.Sid, ""))] == [
      ["arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:example/github-app-??????"],
      ["arn:aws:autoscaling:ap-northeast-1:123456789012:autoScalingGroup:*:autoScalingGroupName/example-aws-tokyo-runner"],
    ]
    error_message = "nothing else of the account"
  }
}

run "sessions_are_not_the_jobs_user" {
  command = plan

  variables {
    run_as = "runner"
  }

  expect_failures = [var.run_as]
}

run "packages_over_plain_http_are_refused" {
  command = plan

  variables {
    package_sources = [{ url = "http://archive.ubuntu.com/ubuntu", suites = "noble", keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg" }]
  }

  expect_failures = [var.package_sources]
}
