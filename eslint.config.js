import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import tsdoc from 'eslint-plugin-tsdoc'
import tseslint from 'typescript-eslint'

export default defineConfig(
  { ignores: ['dist', 'coverage', 'test/consumers'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.config.ts', '*.config.js'] } },
    },
    plugins: { tsdoc },
    rules: {
      'tsdoc/syntax': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Options, claims and events also come from JavaScript: what the types rule out still happens.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-boolean-literal-compare': 'off',
      // Its fix, the non-null assertion, is refused by the strict rules.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
    },
  },
  {
    files: ['test/**', 'examples/**'],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    // Express types cookies as any; the example shows the line as people write it.
    files: ['examples/cookie-login.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
  {
    files: ['test/package/*.js', 'examples/run.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['console', 'performance', 'process', 'setInterval', 'clearInterval', 'URL'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    files: ['examples/playground/public/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'atob',
          'document',
          'fetch',
          'FormData',
          'Headers',
          'navigator',
          'TextDecoder',
          'window',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['examples/user-tokens/public/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['document', 'fetch', 'location', 'setInterval', 'setTimeout', 'WebSocket'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
  },
)
