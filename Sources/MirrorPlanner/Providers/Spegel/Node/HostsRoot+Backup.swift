extension HostsRoot {
    /// Where Spegel puts what it found before it wrote there first (spegel `pkg/oci/containerd.go`).
    package static let backupName = "_backup"
}
