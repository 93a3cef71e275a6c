# Who called which API, in every region.

locals {
  # Named here, since the bucket and the key must know the trail before it exists.
  trail_arn = "arn:aws:cloudtrail:${var.region}:${var.account}:trail/${var.name}"
}

resource "aws_kms_key" "this" {
  region                  = var.region
  description             = "The trail ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = merge(var.tags, { Name = var.name })

  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Encrypt"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:GenerateDataKey*"
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceArn" = local.trail_arn }
          StringLike   = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:aws:cloudtrail:*:${var.account}:trail/*" }
        }
      },
      {
        Sid       = "Describe"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:DescribeKey"
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
      },
    ]
  })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "this" {
  region        = var.region
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

module "bucket" {
  source = "../aws-bucket"

  name        = var.bucket
  region      = var.region
  kms_key_arn = aws_kms_key.this.arn
  # CloudTrail's own encryption context is in the key's policy. A bucket key would have another.
  bucket_key = false
  days       = var.days
  tags       = var.tags

  # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
  statements = jsonencode([
    {
      Sid       = "TrailLooks"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:GetBucketAcl"
      Resource  = "arn:aws:s3:::${var.bucket}"
      Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
    },
    {
      Sid       = "TrailWrites"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::${var.bucket}/AWSLogs/${var.account}/*"
      Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn, "s3:x-amz-acl" = "bucket-owner-full-control" } }
    },
  ])
}

# Nothing watches the trail here: alarms belong to whoever gets them.
#trivy:ignore:AWS-0162
resource "aws_cloudtrail" "this" {
  # checkov:skip=CKV_AWS_252: Nothing listens to new files. The bucket keeps them.
  # checkov:skip=CKV2_AWS_10: Alarms on calls belong to whoever gets them; the trail's files are complete without.
  region                        = var.region
  name                          = var.name
  s3_bucket_name                = module.bucket.name
  kms_key_id                    = aws_kms_key.this.arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  tags                          = var.tags

  # The bucket's policy must be there first.
  depends_on = [module.bucket]
}
