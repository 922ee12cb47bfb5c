import KubeClient
import KubeCore

extension PodCluster {
    /// Figures of the Spegel of a Pod; nil where it does not answer.
    func figures(of pod: JSONValue) async -> SpegelFigures? {
        guard let ip = pod.at(["status", "podIP"])?.stringValue,
            let transport = try? CurlTransport(plain: "http://\(ip):9090"),
            let answer = try? await transport.send(
                KubeRequest(.get, SpegelDaemon.figuresPath, timeout: .milliseconds(500))
            )
        else { return nil }
        return try? JSONCoding.decode(SpegelFigures.self, from: answer.body)
    }
}
