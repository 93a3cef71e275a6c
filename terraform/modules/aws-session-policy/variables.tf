variable "recording" {
  description = "The log group that sessions are recorded in, and the alias, without alias/, of the key that encrypts them; null for machines on which only image builds open sessions, which are not recorded."
  type        = object({ log_group = string, key_alias = string })
  default     = null
}
