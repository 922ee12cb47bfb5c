import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("A step, whatever happens")
struct StepTests {
    @Test(
        "an approved step puts the drop-in in force with one restart and proves it",
        arguments: [ServerSetting(action: .point, url: World.url), ServerSetting(action: .clear)]
    )
    func applies(setting: ServerSetting) async throws {
        let world = try World(action: setting)
        #expect(await world.settle() == .later)
        let status = try #require(try world.status)
        #expect(status.phase == .applied)
        #expect(status.revision == "1-a" && status.epoch == 1 && status.reason == "Proven")
        #expect(status.restartedAt == World.now && status.invocationID == "i2")
        #expect(status.registriesConfigured == true && status.pendingChanges == [] && status.version == "test")
        let content = try #require(world.disk.contents[World.dropIn])
        #expect(DropIn.settings(in: Array(content.utf8)) == DropIn.Settings(server: setting))
        #expect(world.service.restarts == 1)
        #expect(!world.disk.contents.keys.contains { $0.hasSuffix(".tmp") })
    }

    @Test("a node at rest costs no write and, but for the list of its MirrorNodes, no request")
    func restsQuietly() async throws {
        let world = try World(approved: false)
        let (agent, _) = world.agent()
        #expect(await world.run(agent) == .later)
        #expect(try world.status?.phase == .idle)
        #expect(await agent.lastSuccessfulPass == World.now)
        let (writes, reads) = (world.server.writes.count, world.server.reads.count)
        #expect(await world.run(agent, now: World.now + 60) == .later)
        #expect(world.server.writes.count == writes)
        #expect(world.server.reads.dropFirst(reads) == ["/apis/p2pmirror.io/v1alpha1/mirrornodes"])
        #expect(!world.disk.contents.keys.contains { $0.hasPrefix("/var/lib/p2pmirror") })
    }

    /// How a process ends: alone, or with the whole machine.
    enum Ending: CaseIterable, Sendable {
        case kill
        case powerCut
    }

    /// The ways that a step can go.
    enum Course: CaseIterable, Sendable {
        case point
        case clear
        case replacesOwnDropIn
        case serviceFails
        case refused
        case registries
        case registriesAlone
        case registriesFail
        case registriesGo

        var phase: MirrorNodeStatus.Phase {
            switch self {
            case .point, .clear, .replacesOwnDropIn, .registries, .registriesAlone, .registriesGo: .applied
            case .serviceFails, .registriesFail: .failed
            case .refused: .refused
            }
        }

        /// Restarts that the course needs.
        var restarts: Int { phase == .refused ? 0 : phase == .failed ? 2 : 1 }

        func world() throws -> World {
            switch self {
            case .point: return try World()
            case .clear: return try World(action: ServerSetting(action: .clear))
            case .replacesOwnDropIn:
                let world = try World()
                world.disk.put(World.dropIn, "server: \(World.oldURL)\n")
                return world
            case .serviceFails:
                return try World { $0.effectiveServer == World.url ? .fails : .well }
            case .refused: return try World(action: ServerSetting(action: .point, url: "https://evil.example:9345"))
            case .registries: return try World(registries: ["docker.io", "quay.io"])
            case .registriesAlone:
                let world = try World(action: nil, registries: ["quay.io"])
                world.disk.delete(World.registriesFile)
                return world
            case .registriesFail:
                return try World(registries: ["quay.io"], debug: true) {
                    $0.effectiveServer == World.url ? .fails : .well
                }
            case .registriesGo:
                let world = try World(registries: [])
                world.disk.put(AgentPath.journal(mirror: World.mirror), #"{"added":["docker.io"],"format":2}"#)
                return world
            }
        }

        /// What `registries.yaml` holds at the end; nil where there is none.
        var registriesFile: String? {
            let quay = "  \"quay.io\": # added by p2pmirror\n"
            switch self {
            case .registries: return "mirrors:\n\(quay)  docker.io:\n"
            case .registriesAlone:
                return "# Written by p2pmirror: registries whose images the nodes of this cluster give to each other.\n"
                    + "# Endpoints and credentials may be added by hand, here and anywhere; they are kept.\n"
                    + "mirrors: # added by p2pmirror\n\(quay)"
            case .registriesGo: return "mirrors:\n"
            default: return World.registries
            }
        }
    }

    @Test(
        "a process that ends before, between or after any two effects is finished by the next one to the same end",
        .serialized,
        arguments: Course.allCases,
        Ending.allCases
    )
    func survives(course: Course, ending: Ending) async throws {
        let whole = Lifetime()
        let reference = try course.world()
        let (agent, process) = reference.agent(whole)
        _ = await reference.run(agent)
        reference.disk.end(process: process)
        let end = try reference.end
        #expect(end.status?.phase == course.phase)
        #expect(end.files[World.registriesFile] == course.registriesFile)
        let allowed = course.restarts

        var converged = 0
        for point in 1...whole.effects + 1 {
            let world = try course.world()
            let lifetime = Lifetime(endingAt: point)
            let (agent, process) = world.agent(lifetime)
            _ = await world.run(agent, atMost: 30)
            #expect(lifetime.hasEnded == (point <= whole.effects))
            world.disk.end(process: process)
            if ending == .powerCut {
                world.disk.cutPower()
                try world.service.boot()
            }
            await world.settle()
            // The other tests get their turn, too.
            await Task.yield()
            let found = try world.end
            #expect(Self.comparable(found, ending) == Self.comparable(end, ending), "ended at point \(point)")
            #expect(world.service.restarts <= allowed, "ended at point \(point)")
            if Self.comparable(found, ending) == Self.comparable(end, ending) { converged += 1 }
        }
        print("\(course), \(ending): \(converged) of \(whole.effects + 1) points converged")
    }

    /// After a power cut the service may have started with the new file by itself, so that a failure is told in other
    /// words, and the first restart of a step may be none of ours.
    private static func comparable(_ end: World.End, _ ending: Ending) -> World.End {
        guard ending == .powerCut else { return end }
        var end = end
        end.status?.message = nil
        let journal = AgentPath.journal(mirror: World.mirror)
        if let text = end.files[journal], var value = try? JSONCoding.decode(JSONValue.self, from: Array(text.utf8)) {
            var settled = value["settled"] ?? [:]
            settled["message"] = nil
            settled["restartedAt"] = nil
            settled["registriesMark"] = nil
            value["settled"] = settled
            end.files[journal] = (try? JSONCoding.encode(value)).map { String(decoding: $0, as: UTF8.self) }
        }
        return end
    }
}
