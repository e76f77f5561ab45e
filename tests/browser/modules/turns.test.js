import { Turns } from "/web/player/turns.js";
import { equal } from "./check.js";

export async function onlySoManyHaveTheirTurnAtOnce() {
  const turns = new Turns(2);
  const order = [];
  const ends = [];
  for (const name of ["a", "b", "c", "d"]) turns.take().then((end) => order.push(name) && ends.push(end));
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  await settle();
  equal(order, ["a", "b"]);
  ends[0]();
  ends[0]();
  await settle();
  equal(order, ["a", "b", "c"], "ended twice, and only one came:");
  ends.forEach((end) => end());
  await settle();
  equal(order, ["a", "b", "c", "d"]);
}
