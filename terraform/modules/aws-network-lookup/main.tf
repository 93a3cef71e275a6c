# What the root of the network made, found by the tags that it gave: `Name`, and on subnets `tier`.

data "aws_vpc" "this" {
  tags = { Name = var.name }
}

data "aws_subnets" "machines" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.this.id]
  }

  tags = { tier = "machines" }

  lifecycle {
    postcondition {
      condition     = length(self.ids) > 0
      error_message = "The network ${var.name} has no subnet with the tag tier = machines: apply its foundation first."
    }
  }
}

data "aws_ec2_managed_prefix_list" "s3" {
  name = "com.amazonaws.${var.region}.s3"
}
