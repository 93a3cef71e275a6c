//! What a rollout changes of what Terraform knows.

/// Resources and their attributes, as `ignore_changes` of the modules names them. Templates and versions of templates that a
/// rollout adds are not in any state.
pub const WRITES: &[(&str, &str)] = &[
    ("aws_autoscaling_group", "mixed_instances_policy[0].launch_template[0].launch_template_specification[0].version"),
    // Terraform reads the newest version of a template, which the rollout has made.
    ("aws_launch_template", "description"),
    ("aws_launch_template", "image_id"),
    ("aws_ssm_parameter", "insecure_value"),
    ("google_compute_region_instance_group_manager", "version"),
];
