# What exists once per account and region: sessions, and settings that make the safe choice the default.

resource "aws_cloudwatch_log_group" "sessions" {
  region            = var.region
  name              = "/${var.fleet}/sessions"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn
  tags              = var.tags
}

# The agent on a machine writes a session's log here when the session ends.
module "session_logs" {
  source = "../aws-bucket"

  name        = var.session_bucket
  region      = var.region
  kms_key_arn = aws_kms_key.this["sessions"].arn
  days        = var.log_retention_days == 0 ? null : var.log_retention_days
  # A machine can write over a log. What it overwrites is kept for as long.
  old_version_days = var.log_retention_days == 0 ? 3653 : var.log_retention_days
  tags             = var.tags
}

# Session Manager reads its preferences from the document with this name. If the account has one, import it.
resource "aws_ssm_document" "sessions" {
  region          = var.region
  name            = "SSM-SessionManagerRunShell"
  document_type   = "Session"
  document_format = "JSON"
  tags            = var.tags

  content = jsonencode({
    schemaVersion = "1.0"
    description   = "Sessions on machines of ${var.fleet}"
    sessionType   = "Standard_Stream"
    inputs = {
      s3BucketName                = module.session_logs.name
      s3KeyPrefix                 = ""
      s3EncryptionEnabled         = true
      cloudWatchLogGroupName      = aws_cloudwatch_log_group.sessions.name
      cloudWatchEncryptionEnabled = true
      cloudWatchStreamingEnabled  = true
      kmsKeyId                    = aws_kms_key.this["sessions"].arn
      runAsEnabled                = true
      runAsDefaultUser            = var.run_as
      idleSessionTimeout          = tostring(var.idle_minutes)
      maxSessionDuration          = tostring(var.max_minutes)
      shellProfile                = { linux = "", windows = "" }
    }
  })
}

resource "aws_ebs_encryption_by_default" "this" {
  region  = var.region
  enabled = true
}

resource "aws_ebs_snapshot_block_public_access" "this" {
  region = var.region
  state  = "block-all-sharing"
}

resource "aws_ec2_image_block_public_access" "this" {
  region = var.region
  state  = "block-new-sharing"
}

# EC2 refuses an image of an unknown owner, even if it has a familiar name.
resource "aws_ec2_allowed_images_settings" "this" {
  count = var.image_providers == null ? 0 : 1

  region = var.region
  state  = "enabled"

  image_criterion {
    image_providers = var.image_providers
  }
}

resource "aws_ec2_instance_metadata_defaults" "this" {
  region                      = var.region
  http_tokens                 = "required"
  http_put_response_hop_limit = 1
}

resource "aws_ec2_serial_console_access" "this" {
  region  = var.region
  enabled = false
}
