// `triplane create`: a project to start from. The app's id and token are made here; `triplane dev` in the folder makes the app.

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { TriplaneError } from '../../errors.ts';
import { id } from '../../lib/uuid.ts';
import { ownVersion } from '../../protocol/version.ts';
import { rulesFile, schemaFile } from './project-paths.ts';

/** @throws TriplaneError if the folder has something in it */
export async function createProject(folder: string, print: (line: string) => void): Promise<void> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true });
  if ((await readdir(path)).length > 0) throw new TriplaneError('config-invalid', `${path} is not empty`);
  for (const [name, text] of Object.entries(filesOf(basename(path)))) {
    // `.env` has the admin token.
    await writeFile(join(path, name), text, { flag: 'wx', mode: name === '.env' ? 0o600 : 0o644 });
  }
  const shown = relative(process.cwd(), path);
  const steps = [
    ...(shown === '' ? [] : [`cd ${shown}`]),
    'npm install',
    'npm run dev      (the server, until Ctrl-C)',
    'npm start        (main.ts, in another terminal)',
  ];
  print(`Written: ${path}\n\n${steps.map((step) => `  ${step}`).join('\n')}`);
}

const url = 'http://127.0.0.1:4747';

function filesOf(folderName: string): Readonly<Record<string, string>> {
  return {
    '.env': `# The app that 'triplane dev' serves here. The admin token bypasses the rules: keep it on servers.
INSTANT_APP_ID=${id()}
INSTANT_APP_ADMIN_TOKEN=${id()}
INSTANT_API_URI=${url}
INSTANT_CLI_API_URI=${url}
`,
    '.gitignore': 'node_modules\n.env\n.triplane\n',
    'package.json': `${JSON.stringify(packageOf(folderName), undefined, 2)}\n`,
    'tsconfig.json': `${JSON.stringify(tsconfig, undefined, 2)}\n`,
    [schemaFile]: schemaText,
    [rulesFile]: rulesText,
    'main.ts': mainText,
  };
}

/** Names of packages are in lower case, without blanks. */
const packageName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '') || 'app';

const packageOf = (folderName: string): object => ({
  name: packageName(folderName),
  version: '0.0.0',
  private: true,
  type: 'module',
  scripts: { dev: 'triplane dev', push: 'triplane push', start: 'tsx --env-file=.env main.ts', check: 'tsc' },
  dependencies: { triplane: `^${ownVersion}` },
  devDependencies: { '@types/node': '^20.19.0', tsx: '^4.20.0', typescript: '^5.9.0' },
});

const tsconfig = {
  compilerOptions: {
    target: 'es2022',
    module: 'preserve',
    moduleResolution: 'bundler',
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    types: ['node'],
  },
};

const schemaText = `import { i } from 'triplane';

const schema = i.schema({
  entities: {
    goals: i.entity({ title: i.string(), createdAt: i.number().indexed() }),
    todos: i.entity({ text: i.string(), done: i.boolean() }),
  },
  links: {
    goalTodos: {
      forward: { on: 'todos', has: 'one', label: 'goal', onDelete: 'cascade' },
      reverse: { on: 'goals', has: 'many', label: 'todos' },
    },
  },
});

export default schema;
`;

const rulesText = `import type { InstantRules } from 'triplane';

import type schema from './instant.schema.ts';

// Whoever is signed in reads; only the admin token writes.
const rules = {
  goals: { allow: { view: 'auth.id != null', $default: 'false' } },
  todos: { allow: { view: 'auth.id != null', $default: 'false' } },
  attrs: { allow: { create: 'false' } },
} satisfies InstantRules<typeof schema>;

export default rules;
`;

const mainText = `import { id, init } from 'triplane/admin';

import schema from './instant.schema.ts';

// The app, its admin token and the server come from .env.
const db = init({ schema });

const goalId = id();
await db.transact([
  db.tx.goals[goalId].create({ title: 'Get fit', createdAt: Date.now() }),
  db.tx.todos[id()].create({ text: 'Go for a run', done: false }).link({ goal: goalId }),
]);

const { goals } = await db.query({ goals: { $: { order: { createdAt: 'desc' } }, todos: {} } });
for (const goal of goals) console.log(\`\${goal.title}: \${goal.todos.map((todo) => todo.text).join(', ')}\`);

await db.close();
`;
