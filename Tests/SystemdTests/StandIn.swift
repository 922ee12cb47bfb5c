import MirrorAPI
import MirrorPlanner

/// What stands for RKE2's and K3s' server on a host: the sandbox's daemon, under a unit like theirs.
enum StandIn {
    /// Lists the invocations in which the daemon was started.
    static let startsFile = "/var/lib/stand-in/starts"
    /// Shell commands that a start is to begin with, where it is there.
    static let behaviourFile = "/var/lib/stand-in/behaviour"

    /// Where it is, a start that waits goes on.
    static let gateFile = "/var/lib/stand-in/go"
    /// Shell command that waits for it.
    static let waits = "while [ ! -e \(gateFile) ]; do sleep 0.1; done"

    /// What the units of RKE2 and K3s start. `exec` keeps the process id, which is the unit's main one.
    static let program = """
        #!/bin/sh
        if [ -r \(behaviourFile) ]; then . \(behaviourFile); fi
        mkdir -p /var/lib/stand-in
        echo "$INVOCATION_ID" >>\(startsFile)
        exec /opt/p2pmirror/run-p2pmirror-sandbox node --fleet /etc/stand-in/fleet.json --name "$(hostname)" \\
            --host-root / \\
            --kubeconfig /etc/stand-in/kubeconfig
        """ + "\n"

    /// The unit of a role, with the settings that matter here as upstream has them: rke2
    /// `bundle/lib/systemd/system/rke2-server.service`, k3s `install.sh` (`create_systemd_service_file`).
    static func unit(_ distribution: RancherDistribution, _ role: NodeRole) -> String {
        """
        [Unit]
        Description=stand-in for \(distribution.program)
        Wants=network-online.target
        After=network-online.target

        [Install]
        WantedBy=multi-user.target

        [Service]
        Type=notify
        EnvironmentFile=-/etc/default/%N
        EnvironmentFile=-/etc/sysconfig/%N
        KillMode=process
        Delegate=yes
        LimitNOFILE=1048576
        TasksMax=infinity
        TimeoutStartSec=0
        Restart=always
        RestartSec=5s
        ExecStart=/usr/local/bin/\(distribution.program) \(role == .server ? "server" : "agent")

        """
    }

    /// Behaviour of a service that does `commands` where our drop-in is on the disk.
    static func withDropIn(_ distribution: RancherDistribution, _ commands: String) -> String {
        "if [ -e \(distribution.dropInFile) ]; then\n\(commands)\nfi\n"
    }
}
