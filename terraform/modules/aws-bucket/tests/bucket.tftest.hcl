mock_provider "aws" {}

variables {
  name   = "example-fleet-artifacts"
  region = "ap-northeast-1"
}

run "it_is_private_and_keeps_old_versions" {
  command = plan

  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_policy && aws_s3_bucket_public_access_block.this.restrict_public_buckets && aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.ignore_public_acls
    error_message = "nothing in it can become public"
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "an overwritten object can be restored"
  }
}

run "plain_http_is_denied" {
  command = plan

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "requests come over TLS"
  }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Example"
  }

  expect_failures = [var.name]
}

run "objects_expire_if_asked" {
  command = plan

  variables {
    days       = 365
    statements = "[{\"Sid\":\"More\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"cloudtrail.amazonaws.com\"},\"Action\":\"s3:GetBucketAcl\",\"Resource\":\"arn:aws:s3:::example-fleet-artifacts\"}]"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 365
    error_message = "logs are kept for so long"
  }

  assert {
    condition     = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Sid] == ["OnlyOverTls", "More"]
    error_message = "more statements come after the one that is always there"
  }
}
