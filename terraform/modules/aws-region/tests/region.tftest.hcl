mock_provider "aws" {}

variables {
  fleet          = "example"
  account        = "123456789012"
  region         = "us-west-2"
  disk_key_alias = "example-disks"
  run_as         = "ops"
  session_bucket = "example-sessions-123456789012-us-west-2"
}

run "keys_have_the_names_that_others_look_up" {
  command = plan

  assert {
    condition     = toset([for alias in values(aws_kms_alias.this) : alias.name]) == toset(["alias/example-disks", "alias/example-logs", "alias/example-sessions"])
    error_message = "networks, groups and images find the keys by alias"
  }

  assert {
    condition     = alltrue([for key in values(aws_kms_key.this) : key.enable_key_rotation && key.region == "us-west-2"])
    error_message = "every key rotates, and is in the region"
  }

  assert {
    condition     = length(aws_kms_key.signing) == 0
    error_message = "the signing key is in one region"
  }
}

run "auto_scaling_may_use_the_disk_key" {
  command = plan

  assert {
    condition     = [for statement in jsondecode(aws_kms_key.this["disks"].policy).Statement : statement.Condition.Bool["kms:GrantIsForAWSResource"] if statement.Sid == "AutoScalingAttachesDisks"] == ["true"]
    error_message = "it creates grants for EC2 and for nothing else"
  }
}

run "sessions_are_recorded_and_end" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.sessions.name == "/example/sessions" && aws_ssm_document.sessions.name == "SSM-SessionManagerRunShell"
    error_message = "the names that the agents and Session Manager know"
  }
}

run "the_signing_key_signs_and_nothing_else" {
  command = plan

  variables {
    signing_key_alias = "example-image-signing"
  }

  assert {
    condition     = aws_kms_key.signing[0].key_usage == "SIGN_VERIFY" && aws_kms_key.signing[0].customer_master_key_spec == "ECC_NIST_P256"
    error_message = "Cosign signs with ECDSA over P-256"
  }
}

run "sessions_as_root_are_refused" {
  command = plan

  variables {
    run_as = "root"
  }

  expect_failures = [var.run_as]
}

run "only_known_images_start_if_asked" {
  command = plan

  variables {
    image_providers = ["099720109477", "123456789012"]
  }

  assert {
    condition     = aws_ec2_allowed_images_settings.this[0].state == "enabled" && one(aws_ec2_allowed_images_settings.this[0].image_criterion).image_providers == toset(["099720109477", "123456789012"])
    error_message = "the vendor's and our own"
  }
}
