/* The steps of one direction of an LSTM layer over many reviews at once, and the products around them.

   Every sum runs over its inputs in their order, one fused multiply-add after the other, whatever is computed beside
   it. So a review's states are the same bits alone and in any batch. The speed comes from tiles: the gates of R
   reviews and NB blocks of units stay in registers while the inputs pass by, and each weight that is loaded serves R
   reviews. The activations follow while the gates are at hand.

   Built once for each level of processor, with -DWIDTH (floats in a register) and -DROWS (reviews in a tile): see
   setup.py. Called from compiled.py, which has the same structures. Nothing is allocated, nothing global is written,
   and the interpreter is not touched, so any number of threads may call it at once.

   Shapes: B reviews, P tokens of all reviews, N rows, I inputs, H units. A block is WIDTH units with their GATES gates,
   [GATES][WIDTH], in the order input, forget, output, cell. Weights are [blocks][I][GATES][WIDTH], and a row of gates
   is [blocks][GATES][WIDTH]. The units that fill up the last block have weights of zero. */

#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#define INLINE static inline __attribute__((always_inline))

/* Have a value loaded once: GCC would rather read it from memory for both of two uses. */
#if defined(__clang__) || !defined(__x86_64__)
#define LOAD_ONCE(value)
#elif defined(__AVX512F__)
#define LOAD_ONCE(value) __asm__("" : "+v"(value))
#else
#define LOAD_ONCE(value) __asm__("" : "+x"(value))
#endif

enum { GATES = 4, BLOCK = GATES * WIDTH };

/* Rows of a product that stay in the cache while all weights pass by. */
enum { CHUNK_ROWS = 16 * ROWS };

typedef float lanes __attribute__((vector_size(4 * WIDTH)));
typedef float unaligned __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef int32_t mask __attribute__((vector_size(4 * WIDTH)));
typedef uint32_t bits __attribute__((vector_size(4 * WIDTH)));

/* The sums of a tile: as many as there are registers for, and some left. */
typedef lanes tile[ROWS * GATES];

/* y [N][blocks][GATES][WIDTH] = bias + x [N][I] times weights. */
typedef struct {
    const float *x, *weights, *bias;
    float *y;
    int64_t num_rows, num_inputs, num_blocks;
} product;

typedef struct {
    const float *rows;       /* what an input adds to the gates: a row of gates for each input */
    const int32_t *row_P;    /* which row each token takes */
    const int64_t *first_B;  /* the first token of each review */
    const int64_t *length_B; /* how many tokens it has, at least one; the longest review comes first */
    const float *weights;    /* recurrent weights, I = H */
    float *work;             /* [5][B][blocks * WIDTH], of any content */
    float *last, *max, *mean; /* pooled states: H floats of each review, or NULL if they are not wanted */
    float *states;            /* all states: H floats of each token, or NULL */
    int64_t pooled_stride, states_stride; /* floats from one review's, and one token's, to the next */
    int64_t num_reviews, num_units, num_blocks;
    int64_t backward; /* whether steps go from the last token to the first */
} steps;

/* What `work` holds: the states before and after a step take turns in the first two. */
enum { STATES, OTHER_STATES, CELLS, MAX, TOTAL, NUM_WORK_ARRAYS };

INLINE lanes load(const float *from) { return *(const unaligned *)from; }

INLINE void store(float *to, lanes value) { *(unaligned *)to = value; }

INLINE lanes all_of(float value) { return value - (lanes){0}; }

INLINE lanes choose(mask which, lanes yes, lanes no)
{
    return (lanes)((which & (mask)yes) | (~which & (mask)no));
}

/* ---- Products ---- */

/* What a tile reads: a row of x for each of its rows, its weights, and what is added to the products. */
typedef struct {
    const float *x, *weights, *addends[ROWS];
    int64_t x_stride, num_inputs;
} inputs;

/* result = x times weights + addends, for R rows and NB blocks, both known when this is compiled. */
INLINE void multiply(lanes *result, const inputs *in, int R, int NB)
{
    tile sums; /* A copy of its own, which stays in registers since no pointer leads to it. */
    for (int j = 0; j < R * NB * GATES; j++) sums[j] = all_of(0.0f);
    for (int64_t k = 0; k < in->num_inputs; k++)
        for (int block = 0; block < NB; block++)
            for (int gate = 0; gate < GATES; gate++) {
                lanes weight = load(in->weights + (block * in->num_inputs + k) * BLOCK + gate * WIDTH);
                if (R == 2) LOAD_ONCE(weight);
                for (int r = 0; r < R; r++)
                    sums[(r * NB + block) * GATES + gate] += in->x[r * in->x_stride + k] * weight;
            }
    /* The addend comes last: it is larger than the products, which would lose their last bits to it. */
    for (int r = 0; r < R; r++)
        for (int j = 0; j < NB * GATES; j++)
            result[r * NB * GATES + j] = sums[r * NB * GATES + j] + load(in->addends[r] + j * WIDTH);
}

INLINE void product_tile(const void *task, int64_t row, int64_t block, int R, int NB)
{
    const product *it = task;
    inputs in = {.x = it->x + row * it->num_inputs, .x_stride = it->num_inputs, .num_inputs = it->num_inputs,
                 .weights = it->weights + block * it->num_inputs * BLOCK};
    for (int r = 0; r < R; r++) in.addends[r] = it->bias + block * BLOCK;
    tile sums;
    multiply(sums, &in, R, NB);
    float *y = it->y + (row * it->num_blocks + block) * BLOCK;
    for (int r = 0; r < R; r++)
        for (int j = 0; j < NB * GATES; j++)
            store(y + r * it->num_blocks * BLOCK + j * WIDTH, sums[r * NB * GATES + j]);
}

/* ---- Activations ---- */

/* exp(-z) - 1 for z >= 0; NaN stays NaN. As in Cephes' expf, exp(-z) is 2^n exp(r), with n whole and r so small that
   a polynomial gives exp(r) - 1 to the last bits. */
INLINE lanes decay(lanes z)
{
    const float whole = 12582912.0f; /* Added to a small number, it leaves the nearest integer in the last bits. */
    z = choose(z > 80.0f, all_of(80.0f), z);
    lanes shifted = z * -1.44269504088896341f + whole;
    lanes n = shifted - whole;
    lanes r = n * 2.12194440e-4f + (n * -0.693359375f - z); /* ln 2 in two parts, so that no bits are lost */
    lanes series = r * 1.9875691500e-4f + 1.3981999507e-3f;
    series = series * r + 8.3334519073e-3f;
    series = series * r + 4.1665795894e-2f;
    series = series * r + 1.6666665459e-1f;
    series = series * r + 5.0000001201e-1f;
    series = series * (r * r) + r;
    lanes power = (lanes)(((bits)shifted << 23) + (bits)all_of(1.0f)); /* 2^n, by its exponent's bits */
    return series * power + (power - 1.0f);
}

/* A quotient whose division is put off, so that one division does for several. */
typedef struct {
    lanes over, under;
} ratio;

INLINE lanes absolute(lanes x) { return (lanes)((bits)x & 0x7fffffffu); }

/* tanh(|x|) = (1 - exp(-2|x|)) / (1 + exp(-2|x|)), with the sign of x */
INLINE ratio tanh_of(lanes x)
{
    lanes falling = decay(absolute(x) * 2.0f);
    bits sign = ((bits)x & 0x80000000u) ^ 0x80000000u; /* `falling` itself is negative. */
    return (ratio){(lanes)((bits)falling ^ sign), falling + 2.0f};
}

/* 1 / (1 + exp(-|x|)), or exp(-|x|) / (1 + exp(-|x|)) where x is negative */
INLINE ratio sigmoid_of(lanes x)
{
    lanes falling = decay(absolute(x));
    return (ratio){choose(x < 0.0f, falling + 1.0f, all_of(1.0f)), falling + 2.0f};
}

/* Return the states of WIDTH units, and move their cells on: c = f c + i g, h = o tanh(c). */
INLINE lanes activate(const lanes *gates, float *cells)
{
    ratio i = sigmoid_of(gates[0]), f = sigmoid_of(gates[1]), o = sigmoid_of(gates[2]), g = tanh_of(gates[3]);
    ratio entering = {i.over * g.over, i.under * g.under};
    lanes staying = f.over * load(cells) * entering.under;
    lanes cell = (entering.over * f.under + staying) / (f.under * entering.under);
    store(cells, cell);
    ratio shown = tanh_of(cell);
    return o.over * shown.over / (o.under * shown.under);
}

/* ---- Steps ---- */

INLINE int64_t token_at(const steps *it, int64_t review, int64_t step)
{
    return it->first_B[review] + (it->backward ? it->length_B[review] - 1 - step : step);
}

INLINE const float *row_at(const steps *it, int64_t review, int64_t step)
{
    return it->rows + it->row_P[token_at(it, review, step)] * it->num_blocks * BLOCK;
}

INLINE float *work_of(const steps *it, int which, int64_t review)
{
    return it->work + (which * it->num_reviews + review) * it->num_blocks * WIDTH;
}

/* Rows of a large vocabulary lie in main memory, so they are asked for before the products are computed. */
INLINE void prefetch(const float *from, int num)
{
    for (int j = 0; j < num; j += 16) __builtin_prefetch(from + j);
}

typedef struct {
    const steps *steps;
    int64_t step;
} one_step;

INLINE void step_tile(const void *task, int64_t review, int64_t block, int R, int NB)
{
    const steps *it = ((const one_step *)task)->steps;
    int64_t step = ((const one_step *)task)->step;
    int before = step & 1 ? OTHER_STATES : STATES, after = step & 1 ? STATES : OTHER_STATES;
    inputs in = {.x = work_of(it, before, review), .x_stride = it->num_blocks * WIDTH, .num_inputs = it->num_units,
                 .weights = it->weights + block * it->num_units * BLOCK};
    for (int r = 0; r < R; r++) {
        in.addends[r] = row_at(it, review + r, step) + block * BLOCK;
        prefetch(in.addends[r], NB * BLOCK);
    }
    tile gates;
    multiply(gates, &in, R, NB);
    /* Unrolled to the end, or the gates would leave their registers at every input. */
    for (int r = 0; r < R; r++)
        for (int b = 0; b < NB; b++) {
            int64_t unit = (block + b) * WIDTH;
            lanes state = activate(gates + (r * NB + b) * GATES, work_of(it, CELLS, review + r) + unit);
            float *max = work_of(it, MAX, review + r) + unit, *total = work_of(it, TOTAL, review + r) + unit;
            store(work_of(it, after, review + r) + unit, state);
            if (it->max) store(max, choose(load(max) >= state, load(max), state));
            if (it->mean) store(total, load(total) + state);
        }
}

static void clear(const steps *it)
{
    int64_t size = it->num_reviews * it->num_blocks * WIDTH;
    for (int64_t j = 0; j < size * NUM_WORK_ARRAYS; j++) it->work[j] = 0.0f;
    for (int64_t j = 0; j < size; j++) it->work[MAX * size + j] = -1.0f; /* No state is lower. */
}

static void copy(float *to, const float *from, int64_t num)
{
    for (int64_t j = 0; j < num; j++) to[j] = from[j];
}

static void keep_states(const steps *it, int64_t num, int64_t step)
{
    int after = step & 1 ? STATES : OTHER_STATES;
    for (int64_t review = 0; review < num; review++)
        copy(it->states + token_at(it, review, step) * it->states_stride, work_of(it, after, review), it->num_units);
}

static void finish(const steps *it, int64_t review)
{
    int64_t length = it->length_B[review], to = review * it->pooled_stride;
    const float *total = work_of(it, TOTAL, review);
    if (it->last) copy(it->last + to, work_of(it, length & 1 ? OTHER_STATES : STATES, review), it->num_units);
    if (it->max) copy(it->max + to, work_of(it, MAX, review), it->num_units);
    if (it->mean)
        for (int64_t j = 0; j < it->num_units; j++) it->mean[to + j] = total[j] / (float)length;
}

/* ---- Tiles ---- */

/* The shapes of tiles, rows and blocks. Few rows take several blocks: more sums at a time hide how long each takes. */
#if ROWS == 6
#define SHAPES(CASE) CASE(1, 4) CASE(2, 2) CASE(3, 2) CASE(1, 1) CASE(2, 1) CASE(3, 1) CASE(4, 1) CASE(5, 1) CASE(6, 1)
#define BLOCKS_AT_ONCE(R) ((R) == 1 ? 4 : (R) <= 3 ? 2 : 1)
#else
#define SHAPES(CASE) CASE(1, 2) CASE(1, 1) CASE(2, 1) CASE(3, 1)
#define BLOCKS_AT_ONCE(R) ((R) == 1 ? 2 : 1)
#endif

typedef void tile_function(const void *task, int64_t row, int64_t block, int R, int NB);

/* Compile a function for each shape, and choose among them. */
#define FOR_EACH_SHAPE(any, one)                                                                \
    static void any(const void *task, int64_t row, int64_t block, int R, int NB)                \
    {                                                                                           \
        switch (R * 8 + NB) { SHAPES(one) }                                                     \
    }
#define PRODUCT(R, NB) case (R) * 8 + (NB): product_tile(task, row, block, R, NB); break;
#define STEP(R, NB) case (R) * 8 + (NB): step_tile(task, row, block, R, NB); break;
FOR_EACH_SHAPE(any_product_tile, PRODUCT)
FOR_EACH_SHAPE(any_step_tile, STEP)

/* Call for all blocks of `num` rows from `first` on, in tiles of nearly equal height. */
static void each_tile(tile_function function, const void *task, int64_t first, int64_t num, int64_t num_blocks)
{
    int64_t num_tiles = (num + ROWS - 1) / ROWS, height = num / num_tiles, num_higher = num % num_tiles;
    /* Tile after tile reads the weights of the same blocks, so that they come from the cache. */
    for (int64_t block = 0, NB; block < num_blocks; block += NB) {
        NB = num_tiles > 1 ? 1 : BLOCKS_AT_ONCE(num);
        if (block + NB > num_blocks) NB = 1;
        for (int64_t i = 0, row = first, R; i < num_tiles; i++, row += R) {
            R = height + (i < num_higher);
            function(task, row, block, (int)R, (int)NB);
        }
    }
}

EXPORT void run_product(const product *it)
{
    for (int64_t row = 0; row < it->num_rows; row += CHUNK_ROWS) {
        int64_t left = it->num_rows - row;
        each_tile(any_product_tile, it, row, left < CHUNK_ROWS ? left : CHUNK_ROWS, it->num_blocks);
    }
}

EXPORT void run_steps(const steps *it)
{
    int64_t num = it->num_reviews;
    clear(it);
    for (int64_t step = 0; step < it->length_B[0]; step++) {
        while (it->length_B[num - 1] <= step) finish(it, --num);
        one_step task = {it, step};
        each_tile(any_step_tile, &task, 0, num, it->num_blocks);
        if (it->states) keep_states(it, num, step);
    }
    while (num > 0) finish(it, --num);
}
