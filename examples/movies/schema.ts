// What the demo keeps: films, and those who made them. What is searched, filtered or sorted by is indexed; names of people, houses and
// genres are unique. Also the room in which those who look at the films meet.

import { i } from 'triplane';

export const schema = i.schema({
  entities: {
    films: i.entity({
      title: i.string().indexed(),
      year: i.number().indexed(),
      /** The day; a text such as '1942-11-16'. */
      released: i.date().indexed().optional(),
      /** The users' rating, 1 to 5. */
      stars: i.number().indexed().optional(),
      imdb: i.number().indexed().optional(),
      votes: i.number().indexed().optional(),
      tomatoes: i.number().indexed().optional(),
      minutes: i.number().indexed().optional(),
      mpaa: i.string().indexed().optional(),
      source: i.string().indexed().optional(),
      kind: i.string().indexed().optional(),
      budget: i.number().indexed().optional(),
      usGross: i.number().indexed().optional(),
      worldGross: i.number().indexed().optional(),
      dvdSales: i.number().indexed().optional(),
    }),
    directors: i.entity({ name: i.string().unique().indexed() }),
    distributors: i.entity({ name: i.string().unique().indexed() }),
    genres: i.entity({ name: i.string().unique().indexed() }),
  },
  links: {
    filmDirector: {
      forward: { on: 'films', has: 'one', label: 'director' },
      reverse: { on: 'directors', has: 'many', label: 'films' },
    },
    filmDistributor: {
      forward: { on: 'films', has: 'one', label: 'distributor' },
      reverse: { on: 'distributors', has: 'many', label: 'films' },
    },
    filmGenre: {
      forward: { on: 'films', has: 'one', label: 'genre' },
      reverse: { on: 'genres', has: 'many', label: 'films' },
    },
  },
  rooms: {
    cinema: {
      presence: i.entity({ name: i.string(), colour: i.string(), filmId: i.string().optional() }),
    },
  },
});
export type Schema = typeof schema;
