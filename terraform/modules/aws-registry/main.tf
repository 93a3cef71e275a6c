# Where containers of layers are. Images of layers name them by digest, so nothing is removed automatically.

# A key of the fleet's own would guard nothing more: ECR decrypts for whoever may pull, and only this account may.
#trivy:ignore:AWS-0033
resource "aws_ecr_repository" "this" {
  for_each = var.names

  name                 = each.value
  region               = var.region
  image_tag_mutability = "IMMUTABLE"
  tags                 = var.tags

  encryption_configuration {
    encryption_type = "KMS"
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}
