import MirrorPlanner

/// The files of the node in a mount namespace, before and after its step.
enum NamespaceFiles {
    static let distribution = RancherDistribution.rke2
    static let oldURL = "https://127.0.0.3:9345"
    static let newURL = "https://127.0.0.2:9345"
    static let secret = "namespace-secret-never-to-be-seen"

    static let config = "token: \(secret)\ntls-san: one.example\n"
    static let oldDropIn = "# the step before\nserver: \(oldURL)\n"
    static let oldRegistries = """
        # ours
        mirrors:
          docker.io:
        configs:
          cache.example: {auth: {password: \(secret)}}

        """
    static let newRegistries = oldRegistries.replacing(
        "mirrors:\n",
        with: "mirrors:\n  \"quay.io\": # added by p2pmirror\n"
    )

    /// Makes the host's root in a file system of its own, says that it is whole in the file `prepared`, then becomes
    /// the agent.
    ///
    /// - Parameters:
    ///   - mounts: further lines of shell, with `$HOST` for the root.
    ///   - isDeaf: whether the agent's standard error is a full pipe that nobody reads.
    static func entry(mounts: String, isDeaf: Bool = false) -> String {
        """
        set -e
        mount -t tmpfs -o size=2m,mode=755 tmpfs "$HOST"
        cp -a "$STATE/initial/." "$HOST/"
        \(mounts)
        \(isDeaf ? deafErrors : "")
        touch "$STATE/prepared"
        exec "$AGENT" agent --node-name server-1 --kubeconfig "$STATE/kubeconfig" --host-root "$HOST" \
            --systemctl "sh $STATE/systemctl" --http-bind 127.0.0.1:0 --restart --log-format text
        """
    }

    private static let deafErrors = """
        mkfifo "$STATE/errors"
        exec 3<>"$STATE/errors" 2>&3
        dd if=/dev/zero of="$STATE/errors" bs=4k count=1000 oflag=nonblock 2>/dev/null || true
        """

    /// Stands in for systemctl, and does not end while there is the file `silent`: counts restarts, and starts a unit
    /// that never becomes active with a configuration that holds what the file `hangs` says.
    static let systemctl = """
        case "$1" in
        restart)
            echo restart >> "$STATE/restarts"
            number=$(wc -l < "$STATE/restarts")
            mkdir -p "$STATE/started.new"
            cp -a "$HOST/etc/rancher/." "$STATE/started.new/"
            if [ -e "$STATE/hangs" ] && grep -qF -f "$STATE/hangs" "$HOST\(distribution.dropInFile)"; then
                echo activating > "$STATE/active"
            else
                echo active > "$STATE/active"
            fi
            # What is read later must not hang.
            find "$STATE/started.new" -type p -delete
            mv "$STATE/started.new" "$STATE/started.$number" ;;
        show)
            while [ -e "$STATE/silent" ]; do sleep 0.1; done
            printf 'LoadState=loaded\\nActiveState=%s\\nSubState=x\\nResult=success\\nMainPID=1\\n' \
                "$(cat "$STATE/active")"
            printf 'InvocationID=run-%s\\n' "$(wc -l < "$STATE/restarts")" ;;
        esac
        """
}
