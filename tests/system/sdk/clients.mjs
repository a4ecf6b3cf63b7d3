// The two official clients, against the base URL in argv[2]. Says as JSON, one line a call, what came.
// Calls: argv[3], a JSON list of {api, stream, model}.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const [base, list] = process.argv.slice(2);
const anthropic = new Anthropic({ baseURL: base, apiKey: "none" });
const openai = new OpenAI({ baseURL: base + "/v1", apiKey: "none" });

async function call({ api, stream, model }) {
  const messages = [{ role: "user", content: "Hello" }];
  let text = "";
  let stop = null;
  if (api === "anthropic") {
    const request = { model, max_tokens: 5, messages, metadata: { user_id: "me" } };
    if (!stream) {
      const reply = await anthropic.messages.create(request);
      return { text: reply.content[0].text, stop: reply.stop_reason };
    }
    for await (const event of await anthropic.messages.create({ ...request, stream: true })) {
      if (event.type === "content_block_delta") text += event.delta.text;
      if (event.type === "message_delta") stop = event.delta.stop_reason;
    }
    return { text, stop };
  }
  const request = { model, max_tokens: 5, messages, user: "me" };
  if (!stream) {
    const reply = await openai.chat.completions.create(request);
    return { text: reply.choices[0].message.content, stop: reply.choices[0].finish_reason };
  }
  for await (const chunk of await openai.chat.completions.create({ ...request, stream: true })) {
    text += chunk.choices[0].delta.content ?? "";
    stop = chunk.choices[0].finish_reason ?? stop;
  }
  return { text, stop };
}

for (const each of JSON.parse(list)) {
  let said;
  try {
    said = await call(each);
  } catch (error) {
    const code = error.code ?? error.error?.error?.code ?? null;
    said = { error: error.constructor.name, status: error.status ?? null, code, message: String(error.message) };
  }
  console.log(JSON.stringify({ ...each, ...said }));
}
