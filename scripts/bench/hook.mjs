// The prompt hook as one would write it for Node, for the benchmark only: the same questions in the
// same order, up to the draw.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const input = JSON.parse(readFileSync(0, 'utf8'));
const stop = () => process.exit(0);
if (process.env.CRAFT_DISABLE === '1' || input.agent_id || (input.prompt ?? '').startsWith('/craft')) stop();

let top = input.cwd;
while (!existsSync(join(top, '.git'))) {
  if (top === '/') stop();
  top = dirname(top);
}

const root = process.env.CLAUDE_CONFIG_DIR ?? join(process.env.HOME, '.claude');
const file = join(root, 'craft/config.json');
if (!existsSync(file)) stop();
const config = JSON.parse(readFileSync(file, 'utf8'));
if (!config.repositories?.some((r) => r.path === top)) stop();
const prompt = config.autoSync?.triggers?.userPrompt ?? {};
if (prompt.enabled === false) stop();

const tick = join(root, 'craft/bench.tick');
const last = existsSync(tick) ? Number(readFileSync(tick, 'utf8')) : 0;
if (Date.now() - last < (prompt.debounceMs ?? 5000)) stop();
writeFileSync(tick, String(Date.now()));
if (Math.floor(Math.random() * (prompt.probability ?? 27)) !== 0) stop();
