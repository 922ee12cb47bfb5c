import Foundation
import Testing

/// Certificates made by the `openssl` command, once for all tests: two authorities that servers have, a stranger, and
/// what they signed.
struct Certificates: Sendable {
    static let shared = Result { try Certificates() }

    let folder: String

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("kube-client-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Self.makeCertificates(in: folder)
    }

    private static func makeCertificates(in folder: String) throws {
        for name in ["ca", "ca2", "stranger"] {
            try openssl(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=\(name) "
                    + "-keyout \(name).key -out \(name).crt",
                in: folder
            )
        }
        let names = "subjectAltName=DNS:api.test,DNS:localhost,DNS:goaway.test,DNS:abrupt.test,IP:127.0.0.1,IP:::1\n"
        try names.write(toFile: "\(folder)/server.ext", atomically: true, encoding: .utf8)
        try "extendedKeyUsage=clientAuth\n".write(toFile: "\(folder)/alice.ext", atomically: true, encoding: .utf8)
        for (name, authority, extensions) in [
            ("server", "ca", "server"), ("server2", "ca2", "server"), ("alice", "ca", "alice"),
            ("alice2", "ca", "alice"), ("mallory", "stranger", "alice"),
        ] {
            try openssl(
                "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=\(name) "
                    + "-keyout \(name).key -out \(name).csr",
                in: folder
            )
            try openssl(
                "x509 -req -in \(name).csr -CA \(authority).crt -CAkey \(authority).key -CAcreateserial -days 2 "
                    + "-extfile \(extensions).ext -out \(name).crt",
                in: folder
            )
        }
    }

    private static func openssl(_ arguments: String, in folder: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments.split(separator: " ").map(String.init)
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }
}
