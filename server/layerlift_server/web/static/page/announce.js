/** Telling screen readers what happened, politely and not too often. Law: knows one element, #news. */

/** Say `sentence` once. */
export function announce(sentence) {
  const news = document.getElementById("news");
  news.textContent = "";
  requestAnimationFrame(() => {
    news.textContent = sentence;
  });
}

/** A function that announces a job's progress at every new stage and every quarter, not more. */
export function quarters(say) {
  let last = "";
  return (name, stage, fraction) => {
    const mark = `${stage} ${Math.floor(fraction * 4)}`;
    if (mark !== last) say(name, stage, fraction);
    last = mark;
  };
}
