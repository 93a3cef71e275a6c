# Looks up the network's resources by the tags that its root sets: `Name` and, on subnets, `tier`.

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
      error_message = "The network ${var.name} has no subnet with the tag tier = machines: apply the network's root first."
    }
  }
}

data "aws_ec2_managed_prefix_list" "s3" {
  name = "com.amazonaws.${var.region}.s3"
}
