import Foundation
import KubeClient
import KubeCore
import Testing

extension CredentialFault {
    private static func asked(_ bench: FaultBench, _ script: String, hint: String = "") async throws -> String {
        let plugin = try bench.plugin(script, hint: hint)
        let client = try bench.client { $0.execPlugin = plugin }
        return await bench.ask(client)
    }

    /// Whether a text is an error of the plugin of the bench, and holds no secret.
    private static func expectPluginError(_ text: String, _ detail: String) {
        let place = "credentials: kubeconfig /k: user \"u\": credential plugin \"/login\": "
        #expect(text.hasPrefix(place) && text.contains(detail), "\(text)")
        #expect(!text.contains("s3cret"))
    }

    static let plugins = [
        CredentialFault(
            group: .plugin,
            name: "Fifty requests come while the plugin takes its time",
            expected: "It runs once, and all wait for that run."
        ) { bench in
            let plugin = try bench.plugin("sleep 0.3\necho '\(FaultBench.credential(#""token":"one""#))'")
            let client = try bench.client { $0.execPlugin = plugin }
            let answers = await withTaskGroup(of: String.self) { group in
                for _ in 0..<50 { group.addTask { await bench.ask(client) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: "200", count: 50))
            #expect(bench.runs == 1)
            return "\(answers.count) answers 200, \(bench.runs) run"
        },
        CredentialFault(
            group: .plugin,
            name: "The server refuses the plugin's token",
            expected: "The plugin runs once more, and the write is carried out once."
        ) { bench in
            let plugin = try bench.plugin(
                """
                if [ $(wc -l < \(bench.folder)/runs) = 1 ]; then token=one; else token=two; fi
                echo '\(FaultBench.credential(#""token":"'$token'""#))'
                """
            )
            let client = try bench.client { $0.execPlugin = plugin }
            #expect(await bench.ask(client) == "200")
            try bench.server.tell("accept two")
            #expect(await bench.ask(client, .post("/x")) == "200")
            let told = try bench.told()
            #expect(told == "200 one, 401 one, 200 two")
            return "\(told); \(bench.runs) runs"
        },
        CredentialFault(
            group: .plugin,
            name: "The server refuses whatever the plugin gives",
            expected: "The 401 is the answer; a hundred requests do not make a hundred runs."
        ) { bench in
            let plugin = try bench.plugin("echo '\(FaultBench.credential(#""token":"one""#))'")
            try bench.server.tell("accept two")
            let client = try bench.client { $0.execPlugin = plugin }
            var answers: Set<String> = []
            for _ in 0..<100 { answers.insert(await bench.ask(client)) }
            #expect(answers == ["401"])
            #expect(bench.runs < 10)
            return "100 answers 401, fewer than 10 runs"
        },
        CredentialFault(
            group: .plugin,
            name: "The plugin's token expires under a running watch, and it gives another one",
            expected: "The next request runs it again; the watch, whose request was answered long ago, goes on."
        ) { bench in
            let plugin = try bench.plugin(
                """
                if [ $(wc -l < \(bench.folder)/runs) = 1 ]
                then status='"token":"one","expirationTimestamp":"2020-01-01T00:00:00Z"'
                else status='"token":"two"'
                fi
                echo '\(FaultBench.credential("'\"$status\"'"))'
                """
            )
            let client = try bench.client { $0.execPlugin = plugin }
            let follower = Follower(client)
            try bench.server.tell("emit 5")
            try await bench.wait("five events") { follower.sawAll(5) }
            try await bench.wait("the new token") {
                _ = await bench.ask(client)
                return try bench.server.notes().last?.token == "two"
            }
            try bench.server.tell("emit 5")
            try await bench.wait("ten events") { follower.sawAll(10) }
            #expect(follower.endings.isEmpty)
            #expect(try bench.server.notes().allSatisfy { $0.status == 200 })
            follower.stop()
            return "no request refused, \(bench.runs) runs; \(follower.account(10)), all on one watch"
        },
        CredentialFault(
            group: .plugin,
            name: "The plugin gives another client certificate under a running watch",
            expected:
                "The watch ends in good order within a bound and goes on over a connection with the new certificate."
        ) { bench in
            let plugin = try certificatePlugin(bench, "alice", then: "alice2")
            let client = try bench.client { $0.execPlugin = plugin }
            let follower = Follower(client)
            try bench.server.tell("emit 5")
            try await bench.wait("five events") { follower.sawAll(5) }
            try bench.server.tell("clients alice2")
            #expect(await bench.ask(client, .post("/x")) == "200")
            try await bench.wait("another watch") {
                try bench.server.notes().count { $0.path == "/events?watch" } == 2
            }
            try bench.server.tell("emit 5")
            try await bench.wait("ten events") { follower.sawAll(10) }
            #expect(follower.endings == ["end"])
            follower.stop()
            let told = try bench.told()
            #expect(told == "200 alice, 401 alice, 200 alice2, 200 alice2")
            return "\(told); \(follower.account(10))"
        },
    ]

    /// A plugin that gives one client certificate in its first run and another one after that.
    private static func certificatePlugin(_ bench: FaultBench, _ first: String, then second: String) throws
        -> ExecPlugin
    {
        for name in [first, second] {
            let escaped = { (part: String) in
                try bench.certificates.text("\(name).\(part)").replacing("\n", with: #"\n"#)
            }
            let status = #""clientCertificateData":"\#(try escaped("crt"))","clientKeyData":"\#(try escaped("key"))""#
            let text = FaultBench.credential(status)
            try text.write(toFile: "\(bench.folder)/\(name)", atomically: false, encoding: .utf8)
        }
        let folder = bench.folder
        return try bench.plugin(
            "if [ $(wc -l < \(folder)/runs) = 1 ]; then cat \(folder)/\(first); else cat \(folder)/\(second); fi"
        )
    }

    static let failingPlugins = [
        CredentialFault(
            group: .plugin,
            name: "The server refuses the plugin's client certificate in the handshake",
            expected: "The plugin runs once more, and the write is carried out once."
        ) { bench in
            let plugin = try certificatePlugin(bench, "mallory", then: "alice")
            let client = try bench.client { $0.execPlugin = plugin }
            #expect(await bench.ask(client, .post("/x")) == "200")
            let told = try bench.told()
            #expect(told == "200 alice")
            return "\(told); \(bench.runs) runs"
        },
        CredentialFault(
            group: .plugin,
            name: "The plugin never ends",
            expected: "It is ended with what it started, and the error names it and what it said."
        ) { bench in
            let plugin = try bench.plugin(
                """
                echo waiting for a browser >&2
                (trap '' TERM; exec sleep 300) &
                echo $! > \(bench.folder)/pid
                wait
                """
            )
            let client = try bench.client(pluginTimeout: .seconds(5)) { $0.execPlugin = plugin }
            let answer = await bench.ask(client)
            expectPluginError(answer, "it did not end within 5.0 seconds; it said: waiting for a browser")
            try await expectEndOfChild(bench)
            return "\(answer); none of its processes is left"
        },
        CredentialFault(
            group: .plugin,
            name: "The plugin gives a credential and leaves a process behind",
            expected: "The credential is used, and the process is ended."
        ) { bench in
            let plugin = try bench.plugin(
                """
                sleep 300 > /dev/null 2>&1 &
                echo $! > \(bench.folder)/pid
                echo '\(FaultBench.credential(#""token":"one""#))'
                """
            )
            let client = try bench.client { $0.execPlugin = plugin }
            let answer = await bench.ask(client)
            #expect(answer == "200")
            try await expectEndOfChild(bench)
            return "\(answer); none of its processes is left"
        },
        CredentialFault(
            group: .plugin,
            name: "The plugin fails",
            expected: "The error names it, its exit code and what it said, without what looks like a secret."
        ) { bench in
            let answer = try await asked(
                bench,
                """
                echo half-a-s3cret
                printf 'session \\033[31mexpired\\033[0m, key s3cretAKIA1234567890ABCDEF\\n' >&2
                exit 7
                """
            )
            expectPluginError(answer, "it failed (exited(7)); it said: session [31mexpired [0m, key <redacted>")
            return answer
        },
        CredentialFault(
            group: .plugin,
            name: "The plugin writes something else",
            expected: "The error says how much, and nothing of it: it may be half a secret."
        ) { bench in
            let answer = try await asked(bench, "echo Logged in. s3cret")
            expectPluginError(answer, "it wrote 18 bytes that are no ExecCredential on its standard output")
            return answer
        },
        CredentialFault(
            group: .plugin,
            name: "The plugin writes without end",
            expected: "It is ended after 1 MiB."
        ) { bench in
            let answer = try await asked(bench, "exec yes s3cret")
            expectPluginError(answer, "it wrote more than a credential can be")
            return answer
        },
        CredentialFault(
            group: .plugin,
            name: "The plugin speaks another version",
            expected: "The error names both."
        ) { bench in
            let answer = try await asked(
                bench,
                #"echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1alpha1","status":{}}'"#
            )
            expectPluginError(answer, "client.authentication.k8s.io/v1alpha1")
            return answer
        },
        CredentialFault(
            group: .plugin,
            name: "There is no such plugin",
            expected: "The error gives the hint of the kubeconfig."
        ) { bench in
            var plugin = try bench.plugin("", hint: "Get it from https://example.com/login")
            plugin.command = "\(bench.folder)/nowhere"
            let client = try bench.client { $0.execPlugin = plugin }
            let answer = await bench.ask(client)
            #expect(answer.contains("there is no such program; Get it from https://example.com/login"))
            return answer
        },
        CredentialFault(
            group: .plugin,
            name: "The plugin fails when its token is due for renewal",
            expected:
                "The token goes on for as long as the server takes it; it is asked again later, at growing intervals."
        ) { bench in
            let plugin = try bench.plugin(
                """
                if [ $(wc -l < \(bench.folder)/runs) != 1 ]; then exit 1; fi
                echo '\(FaultBench.credential(#""token":"one","expirationTimestamp":"2020-01-01T00:00:00Z""#))'
                """
            )
            let client = try bench.client { $0.execPlugin = plugin }
            var answers: Set<String> = []
            try await bench.wait("a second run") {
                answers.insert(await bench.ask(client))
                return bench.runs >= 2
            }
            for _ in 0..<20 { answers.insert(await bench.ask(client)) }
            #expect(answers == ["200"])
            return "every answer 200 with the old token"
        },
    ]

    private static func expectEndOfChild(_ bench: FaultBench) async throws {
        let pid = try String(contentsOfFile: "\(bench.folder)/pid", encoding: .utf8).split(separator: "\n")[0]
        try await bench.wait("the end of its child") { isGone(String(pid)) }
    }

    private static func isGone(_ process: String) -> Bool {
        let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        // A process that nobody waits for any more is gone too.
        return status == nil || status?.contains(") Z ") == true
    }
}
