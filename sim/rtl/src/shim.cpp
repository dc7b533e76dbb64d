// The C face of one Verilated model; model/abi.rs is its other side.
//
// Compiled once per model, with MODEL (the class Verilator wrote), MODEL_HEADER, PORTS (lines of PORT(name, width, is_output,
// member)) and ENTRY (the one exported function) defined; with TRACE and TRACE_HEADER where waves are wanted.

#include MODEL_HEADER
#ifdef TRACE
#include TRACE_HEADER
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace {

struct Port {
    const char* name;
    uint32_t width;
    uint32_t is_output;
};

struct Watch {
    uint32_t strobe;
    uint32_t count;
    const uint32_t* ports;
};

const Port ports[] = {
#define PORT(name, width, is_output, member) {name, width, is_output},
#include PORTS
#undef PORT
};

constexpr uint32_t port_count = sizeof(ports) / sizeof(ports[0]);

constexpr size_t words_of(uint32_t width) { return (width + 31) / 32; }

struct Instance {
    // A context of its own, so that instances know nothing of each other and may run in different threads.
    std::unique_ptr<VerilatedContext> context;
    std::unique_ptr<MODEL> model;
    void* members[port_count];
    uint64_t ticks[port_count] = {};
    bool dirty = true;
    std::vector<uint32_t> records;
    uint64_t half_period;
#ifdef TRACE
    std::unique_ptr<TRACE> trace;
    bool traces = true;
#endif

    explicit Instance(uint64_t half_period)
        : context{new VerilatedContext}, half_period{half_period} {
        context->threads(1);
#ifdef TRACE
        context->traceEverOn(true);
#endif
        model.reset(new MODEL{context.get(), "TOP"});
        uint32_t at = 0;
#define PORT(name, width, is_output, member) members[at++] = &model->member;
#include PORTS
#undef PORT
    }

    ~Instance() {
        model->final();
#ifdef TRACE
        if (trace) trace->close();
#endif
    }

    // Verilator keeps a port in the smallest of 8, 16, 32 and 64 bits that holds it, and wider ones in words of 32.
    void write(uint32_t port, const uint32_t* words) {
        const uint32_t width = ports[port].width;
        void* const member = members[port];
        if (width <= 8) {
            const uint8_t value = static_cast<uint8_t>(words[0]);
            std::memcpy(member, &value, sizeof value);
        } else if (width <= 16) {
            const uint16_t value = static_cast<uint16_t>(words[0]);
            std::memcpy(member, &value, sizeof value);
        } else if (width > 32 && width <= 64) {
            const uint64_t value = words[0] | static_cast<uint64_t>(words[1]) << 32;
            std::memcpy(member, &value, sizeof value);
        } else {
            std::memcpy(member, words, words_of(width) * 4);
        }
        dirty = true;
    }

    void read(uint32_t port, uint32_t* words) const {
        const uint32_t width = ports[port].width;
        const void* const member = members[port];
        if (width <= 8) {
            uint8_t value;
            std::memcpy(&value, member, sizeof value);
            words[0] = value;
        } else if (width <= 16) {
            uint16_t value;
            std::memcpy(&value, member, sizeof value);
            words[0] = value;
        } else if (width > 32 && width <= 64) {
            uint64_t value;
            std::memcpy(&value, member, sizeof value);
            words[0] = static_cast<uint32_t>(value);
            words[1] = static_cast<uint32_t>(value >> 32);
        } else {
            std::memcpy(words, member, words_of(width) * 4);
        }
    }

    // Any bit of a port of up to 32.
    bool is_set(uint32_t port) const {
        uint32_t word = 0;
        read(port, &word);
        return word != 0;
    }

    void eval() {
        model->eval();
        dirty = false;
    }

    // Both clocks in one evaluation, so that each sees the other's registers as they were before the edge.
    void edge(uint32_t clock, uint32_t also, uint8_t level) {
        *static_cast<uint8_t*>(members[clock]) = level;
        if (also < port_count) *static_cast<uint8_t*>(members[also]) = level;
        model->eval();
#ifdef TRACE
        if (trace && traces) trace->dump(context->time());
#endif
        context->timeInc(half_period);
    }

    void tick(uint32_t clock, uint32_t also) {
        if (dirty) eval();
        edge(clock, also, 1);
        edge(clock, also, 0);
        ++ticks[clock];
    }

    void record(uint32_t index, const Watch& watch, uint64_t cycle) {
        records.push_back(index);
        records.push_back(static_cast<uint32_t>(cycle));
        records.push_back(static_cast<uint32_t>(cycle >> 32));
        for (uint32_t i = 0; i < watch.count; ++i) {
            const size_t at = records.size();
            records.resize(at + words_of(ports[watch.ports[i]].width));
            read(watch.ports[i], &records[at]);
        }
    }
};

// The runtime finds the context in a variable of the thread, also when a model ends. It has to be this instance's, whichever thread
// made it and whatever this thread did last.
Instance& instance(void* handle) {
    Instance& self = *static_cast<Instance*>(handle);
    if (Verilated::threadContextp() != self.context.get()) Verilated::threadContextp(self.context.get());
    return self;
}

// Null if waves cannot be written.
void* create(const char* waves, uint64_t half_period) {
    std::unique_ptr<Instance> made{new Instance{half_period}};
    if (waves) {
#ifdef TRACE
        made->trace.reset(new TRACE);
        made->model->trace(made->trace.get(), 99);
        made->trace->open(waves);
        if (!made->trace->isOpen()) {
            made->trace.reset();
            return nullptr;
        }
#else
        return nullptr;
#endif
    }
    return made.release();
}

// Waves are written from now on, or not.
void waves(void* handle, uint32_t on) {
#ifdef TRACE
    instance(handle).traces = on != 0;
#else
    (void)handle;
    (void)on;
#endif
}

void destroy(void* handle) { delete &instance(handle); }

void write(void* handle, uint32_t port, const uint32_t* words) { instance(handle).write(port, words); }

void read(void* handle, uint32_t port, uint32_t* words) { instance(handle).read(port, words); }

void eval(void* handle) { instance(handle).eval(); }

uint64_t run(void* handle, uint32_t clock, uint32_t also, uint64_t cycles, const Watch* watches, uint32_t watch_count,
             uint32_t stop, uint32_t* stopped) {
    *stopped = 0;
    Instance& self = instance(handle);
    self.records.clear();
    for (uint64_t done = 0; done < cycles; ++done) {
        if (self.dirty) self.eval();
        for (uint32_t i = 0; i < watch_count; ++i) {
            if (self.is_set(watches[i].strobe)) self.record(i, watches[i], self.ticks[clock]);
        }
        const bool last = stop < port_count && self.is_set(stop);
        self.tick(clock, also);
        if (last) {
            *stopped = 1;
            return done + 1;
        }
    }
    return cycles;
}

// Ticks until just before a cycle in which one of the strobes is up.
uint64_t pass(void* handle, uint32_t clock, uint64_t cycles, const uint32_t* strobes, uint32_t count) {
    Instance& self = instance(handle);
    if (self.dirty) self.eval();
    for (uint64_t done = 0; done < cycles; ++done) {
        for (uint32_t i = 0; i < count; ++i) {
            if (self.is_set(strobes[i])) return done;
        }
        self.tick(clock, UINT32_MAX);
    }
    return cycles;
}

const uint32_t* records(void* handle, size_t* length) {
    *length = instance(handle).records.size();
    return instance(handle).records.data();
}

// The clock falls together with the next row's inputs, which saves an evaluation.
void play(void* handle, uint32_t clock, const uint32_t* played, uint32_t count, const uint32_t* words,
          uint64_t cycles) {
    Instance& self = instance(handle);
    if (self.dirty) self.eval();
    for (uint64_t cycle = 0; cycle < cycles; ++cycle) {
        for (uint32_t i = 0; i < count; ++i) {
            self.write(played[i], words);
            words += words_of(ports[played[i]].width);
        }
        self.edge(clock, UINT32_MAX, 0);
        self.edge(clock, UINT32_MAX, 1);
        ++self.ticks[clock];
    }
    self.edge(clock, UINT32_MAX, 0);
    self.dirty = false;
}

struct Api {
    uint32_t version;
    uint32_t port_count;
    const Port* ports;
    void* (*create)(const char*, uint64_t);
    void (*destroy)(void*);
    void (*write)(void*, uint32_t, const uint32_t*);
    void (*read)(void*, uint32_t, uint32_t*);
    void (*eval)(void*);
    uint64_t (*run)(void*, uint32_t, uint32_t, uint64_t, const Watch*, uint32_t, uint32_t, uint32_t*);
    const uint32_t* (*records)(void*, size_t*);
    void (*play)(void*, uint32_t, const uint32_t*, uint32_t, const uint32_t*, uint64_t);
    uint64_t (*pass)(void*, uint32_t, uint64_t, const uint32_t*, uint32_t);
    void (*waves)(void*, uint32_t);
};

const Api api = {4,    port_count, ports, create,  destroy, write, read,
                 eval, run,        records, play,  pass,    waves};

}  // namespace

extern "C" __attribute__((visibility("default"))) const void* ENTRY() { return &api; }
