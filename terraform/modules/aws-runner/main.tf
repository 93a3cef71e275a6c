# A GitHub runner in a private network: a group of no machines, which a hosted job raises to one. The machine registers itself, runs one
# job, and ends.

locals {
  name = "${var.network}-runner"
  tags = merge(var.tags, { network = var.network })

  user_data = join("\n", ["#cloud-config", yamlencode({
    # Only one list says where packages come from, as in packer/scripts/base/sources.sh.
    bootcmd = [["rm", "--force", "/etc/apt/sources.list", "/etc/apt/sources.list.d/ubuntu.sources", "/etc/apt/sources.list.d/debian.sources"]]
    apt     = { preserve_sources_list = true }
    users   = ["default", { name = var.run_as, shell = "/bin/bash", groups = ["adm", "systemd-journal"], lock_passwd = true }]
    write_files = [
      {
        # Old snapshots of Debian are past their Valid-Until.
        path    = "/etc/apt/apt.conf.d/90fleetgen"
        content = "Acquire::Retries \"5\";\nAcquire::Check-Valid-Until \"false\";\nAcquire::https::Proxy \"${var.proxy.url}\";\n"
      },
      {
        path    = "/etc/apt/sources.list.d/fleetgen.sources"
        content = join("\n", [for source in var.package_sources : "Types: deb\nURIs: ${source.url}\nSuites: ${source.suites}\nComponents: main\nSigned-By: ${source.keyring}\n"])
      },
      {
        path = "/etc/fleet/runner.env"
        content = join("", [for name, value in {
          APP         = var.app
          APP_KEY     = var.app_key
          LABEL       = var.label
          REGION      = var.region
          REPOSITORY  = var.repository
          https_proxy = var.proxy.url
          no_proxy    = join(",", var.proxy.exceptions)
        } : "export ${name}='${value}'\n"])
      },
      {
        path        = "/usr/local/sbin/run-one-job"
        permissions = "0755"
        content     = file("${path.module}/run-one-job.sh")
      },
    ]
    runcmd = [
      # The snapshot service fails now and then. Without the packages, the machine ends.
      "for attempt in $(seq 40); do apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes curl git jq nftables openssl unzip && break; sleep 15; done",
      # As a service, since cloud-init must end first. Why a machine could not register is on its console, which AWS keeps for an hour.
      ["systemd-run", "--unit=run-one-job", "--property=Type=exec", "--property=StandardOutput=journal+console", "/usr/local/sbin/run-one-job"],
    ]
  })])
}

data "aws_ami" "this" {
  owners             = [var.image.owner]
  most_recent        = true
  include_deprecated = true

  filter {
    name   = "name"
    values = [var.image.name]
  }

  filter {
    name   = "architecture"
    values = ["x86_64"]
  }
}

resource "aws_launch_template" "this" {
  name                   = local.name
  description            = "The GitHub runner of ${var.network}"
  image_id               = data.aws_ami.this.id
  instance_type          = var.machine_type
  update_default_version = true
  user_data              = base64encode(local.user_data)
  tags                   = local.tags

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  network_interfaces {
    device_index                = 0
    associate_public_ip_address = "false"
    delete_on_termination       = "true"
    security_groups             = [aws_security_group.this.id]
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  block_device_mappings {
    device_name = data.aws_ami.this.root_device_name

    ebs {
      encrypted             = true
      volume_type           = "gp3"
      volume_size           = 50
      delete_on_termination = true
    }
  }

  monitoring {
    enabled = true
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "network-interface", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = local.name })
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.user_data) <= 16384
      error_message = "The configuration of the runner takes more than the 16 KiB that EC2 allows."
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                      = local.name
  min_size                  = 0
  max_size                  = var.machines
  desired_capacity          = 0
  vpc_zone_identifier       = var.subnet_ids
  health_check_type         = "EC2"
  wait_for_capacity_timeout = "0"
  # A machine that runs a job must not be moved to another zone, nor end because the group is set to fewer.
  suspended_processes   = ["AZRebalance"]
  protect_from_scale_in = true
  # One that cannot end itself. The shortest that AWS allows.
  max_instance_lifetime = 86400

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  dynamic "tag" {
    for_each = merge(local.tags, { Name = local.name })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false
    }
  }

  lifecycle {
    # Jobs raise it, and machines lower it.
    ignore_changes = [desired_capacity]
  }
}
