// The pages in a real Chromium, over a world that is served: node pages.mjs http://ADDRESS:PORT CHROMIUM MODULES
//
// Each step says what a person does and what they must meet. It ends with 0 when all of it is so.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";

const [base, executablePath, modules] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const browser = await chromium.launch({
  executablePath,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});

/** A browser window of its own; what goes wrong in it is kept in `wrong`. */
async function opened(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    // Answers that are meant to be refusals are no fault of the page.
    if (message.type() === "error" && !message.text().includes("status of 4")) wrong.push(message.text());
  });
  return { context, page, wrong, close: async () => { assert.deepEqual(wrong, []); await context.close(); } };
}

const steps = {
  async "rows are there, a search narrows them, a certificate opens"() {
    const { page, close } = await opened({ viewport: { width: 1280, height: 900 } });
    await page.goto(base);
    assert.match(await page.locator("h1").innerText(), /need you today/);
    const rows = page.locator("table[data-rows] tbody tr");
    assert.ok((await rows.count()) > 0, "what ends next");
    await page.goto(`${base}/certificates`);
    const all = await rows.count();
    await page.fill("#q", "status:critical");
    await page.click("text=Find");
    const some = await rows.count();
    assert.ok(some > 0 && some < all, `${some} of ${all} are critical`);
    assert.ok(page.url().includes("q=status%3Acritical"), "the query is in the address");
    await rows.first().locator("a").first().click();
    assert.match(page.url(), /\/certificates\/[0-9a-f]{64}$/);
    await page.goBack();
    assert.equal(await rows.count(), some, "the way back leads to the same list");
    await page.fill("#q", "left:soon");
    await page.press("#q", "Enter");
    assert.equal(await page.inputValue("#q"), "left:soon", "what is not understood stays in the box");
    assert.ok(await page.locator("#unread mark").count(), "and its place is shown");
    await close();
  },

  async "a cause is taken care of, and silenced"() {
    const { page, close } = await opened({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${base}/alerts`);
    const first = page.locator("article.finding").first();
    // What is wrong is put together every fifteen seconds.
    for (let tries = 0; tries < 120 && (await first.count()) === 0; tries += 1) {
      await page.waitForTimeout(500);
      await page.reload();
    }
    await first.locator("summary").click();
    await first.locator("[name=author]").fill("ada");
    await first.locator("[name=reason]").fill("renewing it");
    await first.locator("text=Acknowledge").click();
    assert.match(await page.locator("article.finding").first().innerText(), /ada takes care/);
    const quiet = page.locator("section:has(#silences)");
    await quiet.locator("summary").click();
    await quiet.locator("[name=pattern]").fill("rule:no-such-rule");
    await quiet.locator("[name=author]").fill("ada");
    await quiet.locator("[name=reason]").fill("<b>move</b>");
    await quiet.locator("button.main").click();
    assert.match(await quiet.innerText(), /rule:no-such-rule[\s\S]*<b>move<\/b>/, "text stays text");
    await quiet.locator("button:has-text('End')").click();
    assert.doesNotMatch(await quiet.innerText(), /no-such-rule/);
    await close();
  },

  async "the keyboard alone leads everywhere"() {
    const { page, close } = await opened({ viewport: { width: 1280, height: 900 } });
    await page.goto(base);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip", "the first stop skips the head");
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.waitForURL(`${base}/certificates`);
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    const chosen = await page.evaluate(() => document.activeElement.getAttribute("href"));
    assert.match(chosen ?? "", /^\/certificates\//, "a row has the focus");
    await page.keyboard.press("Enter");
    await page.waitForURL(base + chosen);
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "INPUT", "the search has the focus");
    await close();
  },

  async "everything works without script"() {
    const { page, close } = await opened({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
    await page.goto(`${base}/certificates`);
    await page.fill("#q", "expired");
    await page.click("text=Find");
    assert.ok((await page.locator("table[data-rows] tbody tr").count()) >= 1);
    await page.goto(`${base}/alerts`);
    const back = page.locator("text=Take back").first();
    await back.click();
    assert.equal(await page.locator("text=Take back").count(), 0, "an answer is taken back");
    await close();
  },

  async "nobody is left out: light and dark, wide and narrow"() {
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1280, 390]) {
        // Only the examination needs more than the pages allow.
        const { page, close } = await opened({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
        await page.goto(`${base}/certificates`);
        const certificate = await page.locator("tbody a[href^='/certificates/']").first().getAttribute("href");
        await page.goto(`${base}/endpoints`);
        const endpoint = await page.locator("a[href^='/endpoints/']").first().getAttribute("href");
        const paths = [
          "/", "/certificates", "/certificates?group=name", "/certificates?q=left:soon", certificate, "/endpoints", endpoint,
          "/discovery", "/alerts", "/nowhere",
        ];
        for (const path of paths) {
          await page.goto(base + path);
          const seen = await page.evaluate(() => ({
            sideways: document.documentElement.scrollWidth > window.innerWidth + 1,
            nodes: document.querySelectorAll("*").length,
          }));
          assert.ok(!seen.sideways, `${path} at ${width}: nothing to push sideways`);
          assert.ok(seen.nodes <= 2500, `${path}: ${seen.nodes} nodes`);
          await page.evaluate(axe);
          const { violations } = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: "tag", values } }), RULES);
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
          assert.deepEqual(found, [], `${path}, ${colorScheme}, ${width}`);
        }
        await close();
      }
    }
  },
};

let failed = 0;
for (const [step, run] of Object.entries(steps)) {
  try {
    await run();
    console.log(`ok      ${step}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${step}\n${error.stack}`);
  }
}
await browser.close();
process.exitCode = failed === 0 ? 0 : 1;
