// Scenes to begin with: a set-up, and what there is to see in it.

import { fromHash } from './state.js';

export const LESSONS = [
  {
    title: 'Across the ravine',
    text: 'Plain descent zigzags from wall to wall and creeps along the floor. Momentum at the same learning rate adds up the little steps along the floor, and the walls cancel out.',
    hash: '#v1&f=ravine&o=sgd&o=momentum:momentum=0.5&lr=0.4&n=40',
  },
  {
    title: 'Three step sizes',
    text: 'On x², 0.05 creeps, 0.2 arrives and 1.1 explodes: a step beyond 2 / curvature lands higher on the other side each time. Here that limit is 1.',
    hash: '#v1&f=square&o=sgd:lr=0.05&o=sgd:lr=0.2&o=sgd:lr=1.1&lr=0.2&n=24',
  },
  {
    title: 'Nesterov’s limit',
    text: 'The same rate and momentum: heavy ball converges, Nesterov diverges. Heavy ball bears lr × curvature up to 2(1+β) = 3, Nesterov up to 2(1+β)/(1+2β) = 1.5. Here it is 2.4.',
    hash: '#v1&f=ravine&o=sgd:momentum=0.5&o=sgd:momentum=0.5,nesterov=true&lr=0.6&n=40',
  },
  {
    title: 'AdaGrad tires',
    text: 'AdaGrad divides by the square root of all squared gradients so far: its steps only ever shrink, and it crawls. RMSProp forgets old gradients and goes on, to rattle around the minimum.',
    hash: '#v1&f=ravine&o=adagrad&o=rmsprop:alpha=0.9&lr=0.4&n=60',
  },
  {
    title: 'Off the saddle',
    text: 'All start exactly on the ridge, where the gradient leads straight to the saddle. A breath of noise tips them off; set the noise to 0 to see them stay.',
    hash: '#v1&f=saddle&o=sgd&o=momentum&o=adam&lr=0.05&x=-0.9,0&n=60&noise=0.02&seed=3',
  },
  {
    title: 'The plateau',
    text: 'At x = 4 the slope is 0.0013: with a learning rate of 1 plain descent needs 378 steps to reach 0. Adam divides by the size of the gradient and walks off at once.',
    hash: '#v1&f=tanh&o=sgd&o=adam:lr=0.05&lr=1&x=4&n=400',
  },
  {
    title: 'Over the hills',
    text: 'Small steps settle in the first valley. Large ones leap out of it, and end in a worse one, or in none: luck, not wisdom.',
    hash: '#v1&f=waves&o=sgd:lr=0.2&o=sgd:lr=1.75&o=sgd:lr=2.5&lr=0.2&x=10&n=60',
  },
  {
    title: 'The banana',
    text: 'Rosenbrock’s valley bends: down the wall at once, then a long way along the floor. Who adapts each coordinate, and who remembers, gets round the bend.',
    hash: '#v1&f=rosenbrock&o=sgd:lr=0.001&o=momentum:lr=0.001&o=rmsprop:lr=0.01&o=adam:lr=0.1&lr=0.001&n=500',
  },
  {
    title: 'Cooling the noise',
    text: 'With noise on the gradient a constant rate keeps rattling around the minimum. A cosine lets it settle. Take the schedule back to constant and compare.',
    hash: '#v1&f=noisy&o=sgd&o=momentum:momentum=0.8&lr=0.15&s=cosine:warmup=5%25&n=200&noise=1&seed=1',
  },
  {
    title: 'A moving target',
    text: 'The minimum drifts as they run. AdaGrad’s steps have shrunk for good; those who forget can follow.',
    hash: '#v1&f=drifting&o=adagrad&o=rmsprop&o=momentum&o=adam&lr=0.1&n=200',
  },
];

export const stateOf = (lesson) => fromHash(lesson.hash);
