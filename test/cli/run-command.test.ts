import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Arguments, type Command } from '../../src/cli/arguments.js'
import { nodeTerminal } from '../../src/cli/node-terminal.js'
import { runCommand } from '../../src/cli/run-command.js'
import { createProject, runCli } from '../support/run-cli.js'

const commands = ['explain', 'decode', 'discover', 'keys', 'create', 'dev-key', 'init']

describe('the command line', () => {
  test.each(['--help', '-h', 'help'])('lists its commands for %s', async (word) => {
    const { code, out } = await runCli([word])
    expect(code).toBe(0)
    for (const command of commands) expect(out).toContain(`\n  ${command} `)
  })

  test('lists them without a command, and says that one is missing', async () => {
    const { code, out } = await runCli([])
    expect(code).toBe(2)
    expect(out).toContain('npx express-jwt-bearer <command>')
  })

  test.each(['explane', '__proto__', 'constructor', '--version'])(
    'says which commands there are for %s',
    async (word) => {
      const { code, notes } = await runCli([word])
      expect(code).toBe(2)
      expect(notes).toContain(commands.join(', '))
    },
  )

  test.each(commands)('explains %s with --help, and reads nothing for it', async (command) => {
    const { code, out, notes } = await runCli([command, '--help'])
    expect([code, notes]).toEqual([0, ''])
    expect(out).toContain(`npx express-jwt-bearer ${command}`)
    expect(out).toContain('--json')
  })

  test('names a bug of its own, and quotes nothing that it was given', async () => {
    const { code, notes } = await runCli(['dev-key'], {
      ...createProject(),
      env: {
        get XDG_CONFIG_HOME(): string {
          throw new Error('secret-of-the-caller')
        },
      },
    })
    expect(code).toBe(70)
    expect(notes).toContain('This is a bug of express-jwt-bearer')
    expect(notes).not.toContain('secret-of-the-caller')
  })

  test('survives something thrown that is no error', async () => {
    const terminal = nodeTerminal()
    const notes: string[] = []
    const code = await runCommand(['init'], {
      ...terminal,
      out: () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what others throw
        throw 'text'
      },
      note: (text) => notes.push(text),
    })
    expect(code).toBe(70)
    expect(notes.join()).not.toContain('text')
  })
})

describe('Arguments', () => {
  const given = new Arguments({ a: true, b: 'x', c: ['y'], d: '1.5' }, ['word'])

  test('reads flags, texts and numbers, and nothing where there is none', () => {
    expect([given.flag('a'), given.flag('b'), given.flag('z')]).toEqual([true, false, false])
    expect([given.text('b'), given.text('z')]).toEqual(['x', undefined])
    expect([given.texts('c'), given.texts('z')]).toEqual([['y'], []])
    expect([given.number('d'), given.number('z')]).toEqual([1.5, undefined])
    expect(given.positionals).toEqual(['word'])
  })

  test('is what every command gets', () => {
    const command: Pick<Command, 'maxPositionals'> = { maxPositionals: 0 }
    expect(command.maxPositionals).toBe(0)
  })
})

describe('readArguments', () => {
  test.each([
    ['one that no command has', '--sceret=hush', '--sceret'],
    ['a short one that no command has', '-x', '-x'],
    ['a long one behind a single dash', '-json', '-j'],
    ['a short one behind two dashes', '--h', '--h'],
    ['one that every object has', '--toString=hush', '--toString'],
  ])('names %s', async (_, word, name) => {
    const { code, out, notes } = await runCli(['decode', word, '-'])
    expect([code, out]).toEqual([2, ''])
    expect(notes).toContain(`unknown option "${name}"; see --help`)
    expect(notes).not.toContain('hush')
  })
})

describe('nodeTerminal', () => {
  test('is the terminal of this process', async () => {
    const terminal = nodeTerminal()
    expect(terminal.cwd).toBe(process.cwd())
    expect(terminal.env).toBe(process.env)
    expect(Math.abs(terminal.now() - Date.now())).toBeLessThan(1000)
    await expect(terminal.fetch('data:text/plain,x').then((answer) => answer.text())).resolves.toBe(
      'x',
    )
    terminal.note('')
    terminal.out('')
  })

  test.each([
    ['on a terminal', { isTTY: true }, {}, true],
    ['but not where NO_COLOR forbids it', { isTTY: true }, { NO_COLOR: '1' }, false],
    ['but not into a file', {}, {}, false],
  ])('colours %s', (_, stream, env, colors) => {
    expect(nodeTerminal(hostOf({ env, stdout: { ...stream, write: () => true } })).colors).toBe(
      colors,
    )
  })

  test('reads all of its input', async () => {
    const terminal = nodeTerminal(hostOf({ stdin: Readable.from(['a.b', '.c\n']) }))
    await expect(terminal.readInput()).resolves.toBe('a.b.c\n')
  })

  function hostOf(changed: Partial<Parameters<typeof nodeTerminal>[0]>) {
    const { env, stdin, stdout, stderr } = process
    return { cwd: () => process.cwd(), env, stdin, stdout, stderr, ...changed }
  }
})
