#!/usr/bin/env node
import { nodeTerminal } from './node-terminal.js'
import { runCommand } from './run-command.js'

process.exitCode = await runCommand(process.argv.slice(2), nodeTerminal())
