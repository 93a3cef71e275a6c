// Reads the Mermaid text of each file, and says what is wrong with the first one that is not Mermaid.
import { readFileSync } from 'node:fs';
import { JSDOM } from 'jsdom';

// Mermaid expects a browser, also when it draws nothing.
globalThis.window = new JSDOM('').window;
globalThis.document = globalThis.window.document;
const { default: mermaid } = await import('mermaid');

for (const file of process.argv.slice(2)) {
  try {
    await mermaid.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    console.error(`${file}: ${error.message}`);
    process.exit(1);
  }
}
