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
    float *work;             /* [NUM_WORK_ARRAYS][B][blocks * WIDTH], of any content; for bfloat16 two more */
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

/* Take a step of WIDTH units of a review, and return their states. */
INLINE lanes take_step(const steps *it, int64_t review, int64_t unit, int after, const lanes *gates)
{
    lanes state = activate(gates, work_of(it, CELLS, review) + unit);
    float *max = work_of(it, MAX, review) + unit, *total = work_of(it, TOTAL, review) + unit;
    store(work_of(it, after, review) + unit, state);
    if (it->max) store(max, choose(load(max) >= state, load(max), state));
    if (it->mean) store(total, load(total) + state);
    return state;
}

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
        for (int b = 0; b < NB; b++)
            take_step(it, review + r, (block + b) * WIDTH, after, gates + (r * NB + b) * GATES);
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

#ifdef __AMX_BF16__
/* ---- Recurrent products in bfloat16 ----

   AMX multiplies tiles of 16 rows. Weights and the states that they meet are rounded to bfloat16; sums, input products,
   activations, cells and what is pooled stay in single precision. A row's sum does not depend on the rows beside it, so
   a review's states are again the same bits in any batch.

   Weights are [blocks][K][GATES][16][WIDTH][2], K groups of 32 inputs, the last filled up with zeros: what a tile wants
   is pairs of inputs. Tiles 0 to 3 hold the sums of the gates, 4 holds states, 5 to 7 hold weights. */

#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TILE_ROWS = 16, TILE_INPUTS = 32, TILE_SIZE = TILE_ROWS * TILE_INPUTS, TILE_BYTES = 64 };

typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t num_rows[16];
} tile_shapes;

/* Whether this processor has what is needed, and Linux lets this process use it. */
EXPORT int allow_bfloat16(void)
{
    enum { ASK_FOR_STATE = 0x1023, TILE_DATA = 18, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, AVX512_BF16 = 1 << 5 };
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || (edx & AMX_BF16) == 0 || (edx & AMX_TILE) == 0) return 0;
    if (!__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) || (eax & AVX512_BF16) == 0) return 0;
    return syscall(SYS_arch_prctl, ASK_FOR_STATE, TILE_DATA) == 0;
}

static void shape_tiles(int num_reviews)
{
    tile_shapes shapes = {.palette = 1};
    for (int tile = 0; tile < 8; tile++) {
        shapes.row_bytes[tile] = TILE_BYTES;
        shapes.num_rows[tile] = tile < 5 ? num_reviews : TILE_ROWS;
    }
    _tile_loadconfig(&shapes);
}

/* sums [GATES][16][WIDTH] = states [num][32 K] times the weights of a block */
INLINE void multiply_tiles(float *sums, const uint16_t *states, const uint16_t *weights, int64_t K)
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t k = 0; k < K; k++, weights += GATES * TILE_SIZE) {
        _tile_loadd(4, states + k * TILE_INPUTS, K * TILE_BYTES);
        _tile_loadd(5, weights, TILE_BYTES);
        _tile_dpbf16ps(0, 4, 5);
        _tile_loadd(6, weights + TILE_SIZE, TILE_BYTES);
        _tile_dpbf16ps(1, 4, 6);
        _tile_loadd(7, weights + 2 * TILE_SIZE, TILE_BYTES);
        _tile_dpbf16ps(2, 4, 7);
        _tile_loadd(5, weights + 3 * TILE_SIZE, TILE_BYTES);
        _tile_dpbf16ps(3, 4, 5);
    }
    _tile_stored(0, sums, TILE_BYTES);
    _tile_stored(1, sums + 1 * TILE_ROWS * WIDTH, TILE_BYTES);
    _tile_stored(2, sums + 2 * TILE_ROWS * WIDTH, TILE_BYTES);
    _tile_stored(3, sums + 3 * TILE_ROWS * WIDTH, TILE_BYTES);
}

/* Take a step of up to 16 reviews. States in bfloat16 are [B][32 K]. */
static void step_reviews(const one_step *task, int64_t first, int num, const uint16_t *before, uint16_t *after)
{
    const steps *it = task->steps;
    int64_t K = (it->num_units + TILE_INPUTS - 1) / TILE_INPUTS;
    int to = task->step & 1 ? STATES : OTHER_STATES;
    float sums[GATES * TILE_ROWS * WIDTH] __attribute__((aligned(64)));
    for (int64_t block = 0; block < it->num_blocks; block++) {
        const uint16_t *weights = (const uint16_t *)it->weights + block * K * GATES * TILE_SIZE;
        multiply_tiles(sums, before + first * K * TILE_INPUTS, weights, K);
        for (int r = 0; r < num; r++) {
            const float *row = row_at(it, first + r, task->step) + block * BLOCK;
            lanes gates[GATES];
            for (int gate = 0; gate < GATES; gate++)
                gates[gate] = load(sums + (gate * TILE_ROWS + r) * WIDTH) + load(row + gate * WIDTH);
            lanes state = take_step(it, first + r, block * WIDTH, to, gates);
            uint16_t *rounded = after + (first + r) * K * TILE_INPUTS + block * WIDTH;
            _mm256_storeu_si256((__m256i *)rounded, (__m256i)_mm512_cvtneps_pbh((__m512)state));
        }
    }
}

EXPORT void run_bfloat16_steps(const steps *it)
{
    int64_t num = it->num_reviews, K = (it->num_units + TILE_INPUTS - 1) / TILE_INPUTS, size = num * K * TILE_INPUTS;
    uint16_t *states[] = {(uint16_t *)work_of(it, NUM_WORK_ARRAYS, 0), (uint16_t *)work_of(it, NUM_WORK_ARRAYS, 0) + size};
    clear(it);
    for (int64_t j = 0; j < 2 * size; j++) states[0][j] = 0;
    int num_shaped = 0;
    for (int64_t step = 0; step < it->length_B[0]; step++) {
        while (it->length_B[num - 1] <= step) finish(it, --num);
        one_step task = {it, step};
        for (int64_t first = 0; first < num; first += TILE_ROWS) {
            int now = num - first < TILE_ROWS ? (int)(num - first) : TILE_ROWS;
            if (now != num_shaped) shape_tiles(num_shaped = now);
            for (int r = 0; r < now; r++)
                if (step + 1 < it->length_B[first + r]) prefetch(row_at(it, first + r, step + 1), it->num_blocks * BLOCK);
            step_reviews(&task, first, now, states[step & 1], states[!(step & 1)]);
        }
        if (it->states) keep_states(it, num, step);
    }
    while (num > 0) finish(it, --num);
    _tile_release();
}
#endif
