mock_provider "aws" {}

variables {
  name    = "example-trail"
  account = "123456789012"
  region  = "ap-northeast-1"
  bucket  = "example-trail-123456789012"
}

run "it_covers_every_region_and_shows_changes" {
  command = plan

  assert {
    condition     = aws_cloudtrail.this.is_multi_region_trail && aws_cloudtrail.this.include_global_service_events && aws_cloudtrail.this.enable_log_file_validation
    error_message = "a call in any region is in the trail, and a changed file is found"
  }
}

run "only_this_trail_uses_the_key" {
  command = plan

  assert {
    condition     = length([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement if try(statement.Principal.Service, "") == "cloudtrail.amazonaws.com"]) == 2 && alltrue([for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudtrail:ap-northeast-1:123456789012:trail/example-trail" if try(statement.Principal.Service, "") == "cloudtrail.amazonaws.com"])
    error_message = "another account could otherwise write here in CloudTrail's name"
  }
}
