# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
#
# The image layer `worker`, for all its clouds and architectures. The build `image` makes the images, and the build `boot`
# starts a machine from each. packer/README.md says how to run them.

packer {
  required_version = "~> 1.14"
  required_plugins {
    # 1.8.1 fixes a lost retry of Session Manager.
    amazon        = { source = "github.com/hashicorp/amazon", version = "~> 1.8, >= 1.8.1" }
    googlecompute = { source = "github.com/hashicorp/googlecompute", version = "~> 1.2, >= 1.2.6" }
  }
}

variable "commit" {
  type        = string
  description = "The commit of the repository that is built: 40 hexadecimal digits."
  validation {
    condition     = can(regex("^[0-9a-f]{40}$", var.commit))
    error_message = "The commit must be 40 hexadecimal digits, as `git rev-parse HEAD` prints them."
  }
}

variable "artifacts" {
  type        = string
  description = "Where fetch.sh put what it packed. Default: .fleetgen/worker/artifacts in the repository."
  default     = ""
}

variable "reports" {
  type        = string
  description = "Where manifests and reports go. Default: .fleetgen/worker/reports in the repository."
  default     = ""
}

variable "image_days" {
  type        = number
  description = "After so many days, the clouds call the image deprecated. AWS then hides it from other accounts; GCP only says so. Neither deletes it."
  default     = 180
}


variable "aws_proxy" {
  type        = string
  description = "The proxy of the network that images are built in; empty for none."
  default     = "http://proxy.aws-tokyo.example.internal:3128"
}

variable "gcp_proxy" {
  type        = string
  description = "The proxy of the network that images are built in; empty for none."
  default     = "http://proxy.gcp-tokyo.example.internal:3128"
}

locals {
  repository = "${path.root}/../../.."
  artifacts  = var.artifacts != "" ? var.artifacts : "${local.repository}/.fleetgen/worker/artifacts"
  reports    = var.reports != "" ? var.reports : "${local.repository}/.fleetgen/worker/reports"
  scripts    = "${local.repository}/packer/scripts"
  deprecated = timeadd(timestamp(), "${var.image_days * 24}h")
  run        = substr(uuidv4(), 0, 6)

  tags = {
    "cost-center" = "cc-1042"
    "team"        = "platform"
    "fleet"       = "example"
    "layer"       = "worker"
    "key"         = "246c332ca82eb8e276c145021a4812ec"
    "os"          = "ubuntu-24-04"
    "parent"      = "9ed099f1507e7c754940f67438ae3cc5"
    "commit"      = var.commit
  }

  # The build's directory on the machine. It survives a reboot, and is removed at the end.
  directory = "/var/tmp/fleetgen"
  as_root   = "sudo env {{ .Vars }} bash '{{ .Path }}'"

  environment = {
    "FLEET"            = "example"
    "LAYER"            = "worker"
    "DISTRIBUTION"     = "ubuntu"
    "CODENAME"         = "noble"
    "SNAPSHOT_HOST"    = "snapshot.ubuntu.com"
    "ARCHIVE"          = "ubuntu"
    "SECURITY_ARCHIVE" = "ubuntu"
    "SECURITY_MIRROR"  = ""
    "COMPONENTS"       = "main restricted universe multiverse"
    "KEYRING"          = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
    "DOCKER_RELEASE"   = "ubuntu.24.04"
    "UPDATES_UNTIL"    = "2026-11-01"
    "MIRROR"           = ""
    "TRIVY_VERSION"    = "0.74.0"
    "TRIVY_DATABASE"   = "mirror.gcr.io/aquasec/trivy-db:2"
    "TRIVY_SEVERITIES" = "HIGH,CRITICAL"
    "TRIVY_UNFIXED"    = "false"
    "PROXY_aws"        = var.aws_proxy
    "PROXY_gcp"        = var.gcp_proxy
    "KEY"              = "246c332ca82eb8e276c145021a4812ec"
    "COMMIT"           = var.commit
    "DIRECTORY"        = local.directory
  }
}

source "amazon-ebs" "amd64" {
  region          = "ap-northeast-1"
  ami_description = "example worker 246c332ca82eb8e276c145021a4812ec"
  ami_regions     = ["ap-northeast-1", "us-west-2"]
  encrypt_boot    = true
  kms_key_id      = "alias/example-disks"
  region_kms_key_ids = {
    "ap-northeast-1" = "alias/example-disks"
    "us-west-2"      = "alias/example-disks"
  }
  imds_support = "v2.0"
  # With the option -force, also of the image that is replaced.
  force_delete_snapshot = true
  deprecate_at          = local.deprecated
  tags                  = merge(local.tags, { "architecture" = "amd64" })
  snapshot_tags         = merge(local.tags, { "architecture" = "amd64" })

  instance_type = "m7i.large"
  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    volume_type           = "gp3"
    volume_size           = 10
    encrypted             = true
    kms_key_id            = "alias/example-disks"
    delete_on_termination = true
  }

  # Session Manager is the only way in: there is no public address and no open port.
  communicator                 = "ssh"
  ssh_interface                = "session_manager"
  ssh_disable_agent_forwarding = true
  ssh_username                 = "ubuntu"
  ssh_timeout                  = "15m"
  # A dead session would otherwise hang for good.
  ssh_read_write_timeout      = "5m"
  temporary_key_pair_type     = "ed25519"
  associate_public_ip_address = false
  iam_instance_profile        = "example-build"
  vpc_filter {
    filters = { "tag:Name" = "example-aws-tokyo" }
  }
  subnet_filter {
    filters = {
      "tag:Name" = "example-aws-tokyo-build-*"
    }
    most_free = true
  }
  security_group_filter {
    filters = { "tag:Name" = "example-aws-tokyo-build" }
  }
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  # Whatever a failed build leaves has these tags, so that it can be found.
  shutdown_behavior = "terminate"
  skip_ami_run_tags = true
  run_tags          = merge(local.tags, { "Name" = "example-worker-amd64-246c332ca82e-build", "build" = "worker" })
  run_volume_tags   = merge(local.tags, { "Name" = "example-worker-amd64-246c332ca82e-build", "build" = "worker" })

  # An encrypted copy to another region takes longer than the default of ten minutes.
  aws_polling {
    delay_seconds = 30
    max_attempts  = 120
  }
}

source "amazon-ebs" "arm64" {
  region          = "ap-northeast-1"
  ami_description = "example worker 246c332ca82eb8e276c145021a4812ec"
  ami_regions     = ["ap-northeast-1", "us-west-2"]
  encrypt_boot    = true
  kms_key_id      = "alias/example-disks"
  region_kms_key_ids = {
    "ap-northeast-1" = "alias/example-disks"
    "us-west-2"      = "alias/example-disks"
  }
  imds_support = "v2.0"
  # With the option -force, also of the image that is replaced.
  force_delete_snapshot = true
  deprecate_at          = local.deprecated
  tags                  = merge(local.tags, { "architecture" = "arm64" })
  snapshot_tags         = merge(local.tags, { "architecture" = "arm64" })

  instance_type = "m7g.large"
  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    volume_type           = "gp3"
    volume_size           = 10
    encrypted             = true
    kms_key_id            = "alias/example-disks"
    delete_on_termination = true
  }

  # Session Manager is the only way in: there is no public address and no open port.
  communicator                 = "ssh"
  ssh_interface                = "session_manager"
  ssh_disable_agent_forwarding = true
  ssh_username                 = "ubuntu"
  ssh_timeout                  = "15m"
  # A dead session would otherwise hang for good.
  ssh_read_write_timeout      = "5m"
  temporary_key_pair_type     = "ed25519"
  associate_public_ip_address = false
  iam_instance_profile        = "example-build"
  vpc_filter {
    filters = { "tag:Name" = "example-aws-tokyo" }
  }
  subnet_filter {
    filters = {
      "tag:Name" = "example-aws-tokyo-build-*"
    }
    most_free = true
  }
  security_group_filter {
    filters = { "tag:Name" = "example-aws-tokyo-build" }
  }
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  # Whatever a failed build leaves has these tags, so that it can be found.
  shutdown_behavior = "terminate"
  skip_ami_run_tags = true
  run_tags          = merge(local.tags, { "Name" = "example-worker-arm64-246c332ca82e-build", "build" = "worker" })
  run_volume_tags   = merge(local.tags, { "Name" = "example-worker-arm64-246c332ca82e-build", "build" = "worker" })

  # An encrypted copy to another region takes longer than the default of ten minutes.
  aws_polling {
    delay_seconds = 30
    max_attempts  = 120
  }
}

source "googlecompute" "amd64" {
  project_id              = "example-fleet"
  zone                    = "asia-northeast1-a"
  image_family            = "example-worker-amd64"
  image_description       = "example worker 246c332ca82eb8e276c145021a4812ec"
  image_labels            = merge(local.tags, { "architecture" = "amd64" })
  image_storage_locations = ["asia-northeast1"]
  deprecate_at            = local.deprecated
  image_encryption_key {
    kmsKeyName = "projects/example-fleet/locations/asia-northeast1/keyRings/fleet/cryptoKeys/disks"
  }
  disk_encryption_key {
    kmsKeyName = "projects/example-fleet/locations/asia-northeast1/keyRings/fleet/cryptoKeys/disks"
  }

  machine_type                = "n2-standard-2"
  disk_type                   = "pd-balanced"
  disk_size                   = 10
  on_host_maintenance         = "MIGRATE"
  enable_secure_boot          = true
  enable_vtpm                 = true
  enable_integrity_monitoring = true

  # Identity-Aware Proxy is the only way in: there is no public address, and IAM decides who may connect.
  communicator                 = "ssh"
  ssh_username                 = "packer"
  ssh_disable_agent_forwarding = true
  ssh_timeout                  = "15m"
  ssh_read_write_timeout       = "5m"
  use_iap                      = true
  # Packer looks for errors of the tunnel for this long, in seconds. Some come after its default of 30.
  iap_tunnel_launch_wait = 90
  use_internal_ip        = true
  omit_external_ip       = true
  use_os_login           = true
  # If a failed build leaves its SSH key in the builder's profile, the key expires soon.
  oslogin_ssh_key_expire_after = "3h"
  network_project_id           = "example-fleet"
  subnetwork                   = "example-gcp-tokyo-build"
  service_account_email        = "example-build@example-fleet.iam.gserviceaccount.com"
  scopes                       = ["https://www.googleapis.com/auth/cloud-platform"]
  metadata                     = { "block-project-ssh-keys" = "TRUE" }

  # An instance that a failed build leaves has these labels, and stops by itself. Packer cannot label its disk, which is
  # named after the instance instead.
  instance_name               = "example-worker-build-amd64-${local.run}"
  labels                      = merge(local.tags, { "build" = "worker" })
  max_run_duration_in_seconds = 7200
  instance_termination_action = "DELETE"
  state_timeout               = "15m"
}

source "googlecompute" "arm64" {
  project_id              = "example-fleet"
  zone                    = "asia-northeast1-a"
  image_family            = "example-worker-arm64"
  image_description       = "example worker 246c332ca82eb8e276c145021a4812ec"
  image_labels            = merge(local.tags, { "architecture" = "arm64" })
  image_storage_locations = ["asia-northeast1"]
  deprecate_at            = local.deprecated
  image_encryption_key {
    kmsKeyName = "projects/example-fleet/locations/asia-northeast1/keyRings/fleet/cryptoKeys/disks"
  }
  disk_encryption_key {
    kmsKeyName = "projects/example-fleet/locations/asia-northeast1/keyRings/fleet/cryptoKeys/disks"
  }

  machine_type                = "c4a-standard-2"
  disk_type                   = "hyperdisk-balanced"
  disk_size                   = 10
  on_host_maintenance         = "MIGRATE"
  enable_secure_boot          = true
  enable_vtpm                 = true
  enable_integrity_monitoring = true

  # Identity-Aware Proxy is the only way in: there is no public address, and IAM decides who may connect.
  communicator                 = "ssh"
  ssh_username                 = "packer"
  ssh_disable_agent_forwarding = true
  ssh_timeout                  = "15m"
  ssh_read_write_timeout       = "5m"
  use_iap                      = true
  # Packer looks for errors of the tunnel for this long, in seconds. Some come after its default of 30.
  iap_tunnel_launch_wait = 90
  use_internal_ip        = true
  omit_external_ip       = true
  use_os_login           = true
  # If a failed build leaves its SSH key in the builder's profile, the key expires soon.
  oslogin_ssh_key_expire_after = "3h"
  network_project_id           = "example-fleet"
  subnetwork                   = "example-gcp-tokyo-build"
  service_account_email        = "example-build@example-fleet.iam.gserviceaccount.com"
  scopes                       = ["https://www.googleapis.com/auth/cloud-platform"]
  metadata                     = { "block-project-ssh-keys" = "TRUE" }

  # An instance that a failed build leaves has these labels, and stops by itself. Packer cannot label its disk, which is
  # named after the instance instead.
  instance_name               = "example-worker-build-arm64-${local.run}"
  labels                      = merge(local.tags, { "build" = "worker" })
  max_run_duration_in_seconds = 7200
  instance_termination_action = "DELETE"
  state_timeout               = "15m"
}

build {
  name = "image"

  source "source.amazon-ebs.amd64" {
    ami_name = "example-worker-amd64-246c332ca82e"
    source_ami_filter {
      filters = {
        "name"                = "example-base-amd64-9ed099f1507e"
        "tag:key"             = "9ed099f1507e7c754940f67438ae3cc5"
        "architecture"        = "x86_64"
        "root-device-type"    = "ebs"
        "virtualization-type" = "hvm"
      }
      owners = ["self"]
    }
  }
  source "source.amazon-ebs.arm64" {
    ami_name = "example-worker-arm64-246c332ca82e"
    source_ami_filter {
      filters = {
        "name"                = "example-base-arm64-9ed099f1507e"
        "tag:key"             = "9ed099f1507e7c754940f67438ae3cc5"
        "architecture"        = "arm64"
        "root-device-type"    = "ebs"
        "virtualization-type" = "hvm"
      }
      owners = ["self"]
    }
  }
  source "source.googlecompute.amd64" {
    image_name              = "example-worker-amd64-246c332ca82e"
    source_image            = "example-base-amd64-9ed099f1507e"
    source_image_project_id = ["example-fleet"]
  }
  source "source.googlecompute.arm64" {
    image_name              = "example-worker-arm64-246c332ca82e"
    source_image            = "example-base-arm64-9ed099f1507e"
    source_image_project_id = ["example-fleet"]
  }

  # Wait for the first boot, and create the build's directory.
  provisioner "shell" {
    script          = "${local.scripts}/start/cloud-init.sh"
    env             = local.environment
    execute_command = local.as_root
  }

  # Upload what the build needs.
  provisioner "file" {
    source      = "${local.scripts}/lib.sh"
    destination = "${local.directory}/packer/scripts/lib.sh"
  }
  provisioner "file" {
    source      = "${path.root}/"
    destination = "${local.directory}/generated/packer/worker/"
  }
  provisioner "file" {
    sources     = ["${local.repository}/goss"]
    destination = "${local.directory}/"
  }
  provisioner "file" {
    sources     = ["${local.repository}/generated/goss"]
    destination = "${local.directory}/generated/"
  }
  provisioner "file" {
    sources     = ["${local.artifacts}/${source.name}.tar.gz", "${local.artifacts}/${source.name}-goss.tar.gz"]
    destination = "${local.directory}/artifacts/"
    generated   = true
  }

  # The layer's own scripts.
  provisioner "shell" {
    scripts = [
      "${local.scripts}/start/unpack.sh",
      "${local.scripts}/start/proxy.sh",
      "${path.root}/layer.sh",
    ]
    env = merge(local.environment, {
      "CLOUD"        = source.type == "amazon-ebs" ? "aws" : "gcp"
      "ARCHITECTURE" = source.name
    })
    execute_command = local.as_root
  }

  # Goss tests the running machine and Trivy scans its disk. Packer downloads their reports even if they find something.
  provisioner "shell" {
    scripts = ["${local.scripts}/verify/goss.sh", "${local.scripts}/verify/trivy.sh"]
    env = merge(local.environment, {
      "CLOUD"        = source.type == "amazon-ebs" ? "aws" : "gcp"
      "ARCHITECTURE" = source.name
    })
    execute_command = local.as_root
  }
  provisioner "file" {
    direction = "download"
    sources = [
      "${local.directory}/reports/goss.json",
      "${local.directory}/reports/goss.xml",
      "${local.directory}/reports/trivy.json",
      "${local.directory}/reports/sbom.cdx.json",
    ]
    destination = "${local.reports}/${source.type}.${source.name}/"
  }
  provisioner "shell" {
    script          = "${local.scripts}/verify/gate.sh"
    env             = local.environment
    execute_command = local.as_root
  }

  # Remove everything of the build, and everything that each machine must create for itself.
  provisioner "shell" {
    scripts = [
      "${local.scripts}/clean/clean.sh",
      "${local.scripts}/clean/check.sh",
    ]
    env = merge(local.environment, {
      "CLOUD"        = source.type == "amazon-ebs" ? "aws" : "gcp"
      "ARCHITECTURE" = source.name
    })
    execute_command = local.as_root
  }

  error-cleanup-provisioner "shell" {
    script          = "${local.scripts}/verify/collect-logs.sh"
    env             = local.environment
    execute_command = local.as_root
    # The machine may have stopped.
    start_retry_timeout = "1m"
  }

  post-processor "manifest" {
    only        = ["amazon-ebs.amd64"]
    output      = "${local.reports}/amazon-ebs.amd64/manifest.json"
    strip_time  = true
    custom_data = merge(local.tags, { "architecture" = "amd64", "account" = "123456789012" })
  }

  post-processor "manifest" {
    only        = ["amazon-ebs.arm64"]
    output      = "${local.reports}/amazon-ebs.arm64/manifest.json"
    strip_time  = true
    custom_data = merge(local.tags, { "architecture" = "arm64", "account" = "123456789012" })
  }

  post-processor "manifest" {
    only        = ["googlecompute.amd64"]
    output      = "${local.reports}/googlecompute.amd64/manifest.json"
    strip_time  = true
    custom_data = merge(local.tags, { "architecture" = "amd64", "account" = "example-fleet" })
  }

  post-processor "manifest" {
    only        = ["googlecompute.arm64"]
    output      = "${local.reports}/googlecompute.arm64/manifest.json"
    strip_time  = true
    custom_data = merge(local.tags, { "architecture" = "arm64", "account" = "example-fleet" })
  }
}

# A machine of the finished image. No image is made of it, so its name is never used.
build {
  name = "boot"

  source "source.amazon-ebs.amd64" {
    ami_name        = "example-worker-amd64-246c332ca82e-boot"
    skip_create_ami = true
    source_ami_filter {
      filters = { "name" = "example-worker-amd64-246c332ca82e", "tag:key" = "246c332ca82eb8e276c145021a4812ec" }
      owners  = ["self"]
    }
  }
  source "source.amazon-ebs.arm64" {
    ami_name        = "example-worker-arm64-246c332ca82e-boot"
    skip_create_ami = true
    source_ami_filter {
      filters = { "name" = "example-worker-arm64-246c332ca82e", "tag:key" = "246c332ca82eb8e276c145021a4812ec" }
      owners  = ["self"]
    }
  }
  source "source.googlecompute.amd64" {
    image_name              = "example-worker-amd64-246c332ca82e-boot"
    skip_create_image       = true
    source_image            = "example-worker-amd64-246c332ca82e"
    source_image_project_id = ["example-fleet"]
  }
  source "source.googlecompute.arm64" {
    image_name              = "example-worker-arm64-246c332ca82e-boot"
    skip_create_image       = true
    source_image            = "example-worker-arm64-246c332ca82e"
    source_image_project_id = ["example-fleet"]
  }

  provisioner "shell" {
    script          = "${local.scripts}/start/cloud-init.sh"
    env             = local.environment
    execute_command = local.as_root
  }
  provisioner "file" {
    sources     = ["${local.scripts}/lib.sh"]
    destination = "${local.directory}/packer/scripts/lib.sh"
  }
  provisioner "file" {
    sources     = ["${local.scripts}/verify/goss.sh"]
    destination = "${local.directory}/packer/scripts/goss.sh"
  }
  provisioner "file" {
    sources     = ["${local.repository}/goss"]
    destination = "${local.directory}/"
  }
  provisioner "file" {
    sources     = ["${local.repository}/generated/goss"]
    destination = "${local.directory}/generated/"
  }
  provisioner "file" {
    sources     = ["${local.artifacts}/${source.name}-goss.tar.gz"]
    destination = "${local.directory}/artifacts/"
    generated   = true
  }
  provisioner "shell" {
    only            = ["amazon-ebs.amd64", "amazon-ebs.arm64"]
    scripts         = ["${local.scripts}/start/unpack.sh", "${local.scripts}/verify/boot.sh"]
    env             = merge(local.environment, { "CLOUD" = "aws", "ARCHITECTURE" = source.name, "IMAGE" = build.SourceAMI })
    execute_command = local.as_root
  }
  provisioner "shell" {
    only            = ["googlecompute.amd64", "googlecompute.arm64"]
    scripts         = ["${local.scripts}/start/unpack.sh", "${local.scripts}/verify/boot.sh"]
    env             = merge(local.environment, { "CLOUD" = "gcp", "ARCHITECTURE" = source.name, "IMAGE" = build.SourceImageName })
    execute_command = local.as_root
  }
  provisioner "file" {
    direction   = "download"
    source      = "${local.directory}/reports/boot.json"
    destination = "${local.reports}/${source.type}.${source.name}/boot.json"
  }

  error-cleanup-provisioner "shell" {
    script          = "${local.scripts}/verify/collect-logs.sh"
    env             = local.environment
    execute_command = local.as_root
    # The machine may have stopped.
    start_retry_timeout = "1m"
  }
}
