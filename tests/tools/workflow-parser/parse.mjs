// Reads workflows as GitHub does, and prints what it would refuse.
import { readFileSync } from 'node:fs';
import { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } from '@actions/workflow-parser';

let failed = false;
for (const name of process.argv.slice(2)) {
  const { context, value } = parseWorkflow({ name, content: readFileSync(name, 'utf8') }, new NoOperationTraceWriter());
  const errors = context.errors.getErrors().map((error) => error.message);
  if (value) {
    const { errors: more } = await convertWorkflowTemplate(context, value);
    errors.push(...(more ?? []).map((error) => error.Message));
  }
  for (const error of new Set(errors)) {
    failed = true;
    console.error(`${name}: ${error}`);
  }
}
process.exit(failed ? 1 : 0);
