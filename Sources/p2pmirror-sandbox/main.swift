import SandboxCommands

await runSandbox()
