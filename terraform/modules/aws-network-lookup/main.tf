# Looks up the network's resources: by the tags that its root sets, `Name` and, on subnets, `tier`; or those of a network that exists already,
# by its own ids or tags.

locals {
  vpc_tags    = var.vpc_tags == null ? { Name = var.name } : var.vpc_tags
  subnet_tags = var.subnet_tags == null ? { tier = "machines" } : var.subnet_tags
}

data "aws_vpc" "this" {
  id   = var.vpc_id
  tags = var.vpc_id == null ? local.vpc_tags : null
}

data "aws_subnets" "machines" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.this.id]
  }

  dynamic "filter" {
    for_each = var.subnet_ids == null ? [] : [var.subnet_ids]

    content {
      name   = "subnet-id"
      values = filter.value
    }
  }

  dynamic "filter" {
    for_each = var.zones == null ? [] : [var.zones]

    content {
      name   = "availability-zone"
      values = filter.value
    }
  }

  tags = var.subnet_ids == null ? local.subnet_tags : null

  lifecycle {
    postcondition {
      condition     = length(self.ids) > 0
      error_message = var.name == null ? "The VPC ${data.aws_vpc.this.id} has none of the subnets." : "The network ${var.name} has no subnet with the tag tier = machines: apply the network's root first."
    }

    postcondition {
      condition     = length(self.ids) == (var.subnet_ids == null ? length(self.ids) : length(var.subnet_ids))
      error_message = "Some of the subnets are not in the VPC ${data.aws_vpc.this.id}, or not in its zones."
    }
  }
}

data "aws_ec2_managed_prefix_list" "s3" {
  name = "com.amazonaws.${var.region}.s3"
}
