# A bucket for the fleet's own data: versioned, encrypted, over TLS only, never public.

locals {
  tags = merge(var.tags, { Name = var.name })
}

# Access logs would need another bucket. CloudTrail's data events say who reads and writes, where they are on.
#trivy:ignore:AWS-0089
#trivy:ignore:AWS-0163
resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18: Access logs would need another bucket. CloudTrail's data events say who reads and writes, where they are on.
  # checkov:skip=CKV_AWS_144: Artifacts can be built again, and journals matter while a rollout runs.
  # checkov:skip=CKV2_AWS_62: Nothing listens to events.
  bucket = var.name
  region = var.region
  tags   = local.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  region = var.region

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  region = var.region

  rule {
    bucket_key_enabled = var.bucket_key

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  region                  = var.region
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id
  region = var.region

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  region = var.region

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${var.name}", "arn:aws:s3:::${var.name}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      jsondecode(var.statements),
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  region = var.region

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    dynamic "expiration" {
      for_each = var.days == null ? [] : [var.days]

      content {
        days = expiration.value
      }
    }

    noncurrent_version_expiration {
      noncurrent_days = var.old_version_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
