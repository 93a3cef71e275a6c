# The keys of one region. Aliases are the same everywhere, so an image or a log finds its key by the same name.

locals {
  # The account's administrators manage the keys, and its identity policies may grant their use.
  account_statement = {
    Sid       = "Account"
    Effect    = "Allow"
    Principal = { AWS = "arn:aws:iam::${var.account}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }

  # Auto Scaling starts machines, and for Spot capacity EC2 Spot does.
  launchers = {
    auto-scaling = "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    spot         = "spot.amazonaws.com/AWSServiceRoleForEC2Spot"
  }
  auto_scaling = [for role in local.launchers : "arn:aws:iam::${var.account}:role/aws-service-role/${role}"]

  keys = merge(
    {
      logs = {
        alias       = "${var.fleet}-logs"
        description = "Logs of ${var.fleet} in ${var.region}"
        statements = [{
          Sid       = "Logs"
          Effect    = "Allow"
          Principal = { Service = "logs.${var.region}.amazonaws.com" }
          Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
          Resource  = "*"
          Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${var.region}:${var.account}:log-group:/${var.fleet}*" } }
        }]
      }
      sessions = {
        alias       = "${var.fleet}-sessions"
        description = "Sessions on machines of ${var.fleet} in ${var.region}"
        statements  = []
      }
    },
    var.disk_key_alias == null ? {} : {
      disks = {
        alias       = var.disk_key_alias
        description = "Disks and images of ${var.fleet} in ${var.region}"
        # Without these two, machines of an Auto Scaling group end with Client.InternalError.
        statements = [
          {
            Sid       = "AutoScaling"
            Effect    = "Allow"
            Principal = { AWS = local.auto_scaling }
            Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
            Resource  = "*"
          },
          {
            Sid       = "AutoScalingAttachesDisks"
            Effect    = "Allow"
            Principal = { AWS = local.auto_scaling }
            Action    = "kms:CreateGrant"
            Resource  = "*"
            Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
          },
        ]
      }
    },
  )
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  region                  = var.region
  description             = each.value.description
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode({ Version = "2012-10-17", Statement = concat([local.account_statement], each.value.statements) })
  tags                    = merge(var.tags, { Name = each.value.alias })

  lifecycle {
    # What a deleted key has encrypted is lost.
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  region        = var.region
  name          = "alias/${each.value.alias}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

# Auto Scaling of the accounts that images are shared with. A grant needs no policy on the other side, where the policies of
# service-linked roles cannot be changed.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
resource "aws_kms_grant" "images" {
  for_each = var.disk_key_alias == null ? {} : {
    for pair in setproduct(var.image_accounts, keys(local.launchers)) : join("-", pair) => { account = pair[0], role = local.launchers[pair[1]] }
  }

  region            = var.region
  name              = "${var.disk_key_alias}-${each.key}"
  key_id            = aws_kms_key.this["disks"].key_id
  grantee_principal = "arn:aws:iam::${each.value.account}:role/aws-service-role/${each.value.role}"
  operations = [
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
  ]
}

# Signs programs and containers, and verifies them during a build. KMS rotates no asymmetric keys.
resource "aws_kms_key" "signing" {
  # checkov:skip=CKV_AWS_7: KMS cannot rotate an asymmetric key.
  count = var.signing_key_alias == null ? 0 : 1

  region                   = var.region
  description              = "Signs what goes into images of ${var.fleet}"
  key_usage                = "SIGN_VERIFY"
  customer_master_key_spec = "ECC_NIST_P256"
  deletion_window_in_days  = 30
  policy                   = jsonencode({ Version = "2012-10-17", Statement = [local.account_statement] })
  tags                     = merge(var.tags, { Name = var.signing_key_alias })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "signing" {
  count = var.signing_key_alias == null ? 0 : 1

  region        = var.region
  name          = "alias/${var.signing_key_alias}"
  target_key_id = aws_kms_key.signing[0].key_id
}
