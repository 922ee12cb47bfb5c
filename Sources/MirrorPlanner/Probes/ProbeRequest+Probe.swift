package import KubeCore
package import MirrorAPI

extension ProbeRequest {
    /// What a probe asks of one host; nil where it says neither where nor what, which the mirror's rules do not allow.
    package init?(_ probe: Probe, host: String) {
        let timeout = Duration.seconds(probe.timeoutSeconds.bounded(to: 1...3_600))
        if let httpGet = probe.httpGet {
            let scheme: ProbeRequest.Scheme = httpGet.scheme == .https ? .https : .http
            let check = Check.httpGet(scheme: scheme, path: httpGet.path)
            self.init(host: host, port: httpGet.port, check: check, timeout: timeout)
        } else if let tcpSocket = probe.tcpSocket {
            self.init(host: host, port: tcpSocket.port, check: .tcpConnect, timeout: timeout)
        } else if let grpc = probe.grpc {
            let check = Check.grpcHealth(service: grpc.service ?? "")
            self.init(host: host, port: grpc.port, check: check, timeout: timeout)
        } else {
            return nil
        }
    }
}
