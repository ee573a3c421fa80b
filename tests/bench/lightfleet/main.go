// A light SSH fleet to measure clients against: one process is a node at every 127.x.y.z address of one port.
//
// Every command gets the same answer: the address it was called at, then filler up to -reply-bytes. Nothing is ever
// executed. Addresses listed in -dead are blackholes: their listener's backlog is full, so a client's SYN is dropped,
// as by a node without power.
package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

type fleet struct {
	config     *ssh.ServerConfig
	delay      time.Duration
	replyBytes int
}

func main() {
	port := flag.Int("port", 2200, "port of every node")
	key := flag.String("key", "", "private host key of every node")
	delay := flag.Duration("delay", 0, "time that a command takes")
	replyBytes := flag.Int("reply-bytes", 0, "length of an answer, filled up behind the address")
	dead := flag.String("dead", "", "file of addresses, one a line, that answer no packet")
	flag.Parse()

	raiseDescriptorLimit()
	nodes := fleet{config: serverConfig(*key), delay: *delay, replyBytes: *replyBytes}
	listener, err := listen("0.0.0.0", *port, 4096)
	if err != nil {
		log.Fatalf("can't listen on port %d: %v", *port, err)
	}
	holes := dig(*dead, *port)
	fmt.Println("ready") // who started it may begin
	go nodes.accept(listener)

	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
	for _, hole := range holes {
		syscall.Close(hole)
	}
}

func raiseDescriptorLimit() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
}

func serverConfig(keyFile string) *ssh.ServerConfig {
	text, err := os.ReadFile(keyFile)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		log.Fatalf("%s: %v", keyFile, err)
	}
	// Whoever proves to hold a key gets in: the proof is the client's cost, which one it holds is nobody's question here.
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil },
	}
	config.AddHostKey(signer)
	return config
}

// listen makes a listening socket with a backlog of its own; the net package knows only the system's.
func listen(address string, port, backlog int) (net.Listener, error) {
	descriptor, err := bind(address, port, backlog)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(descriptor), address)
	defer file.Close()
	return net.FileListener(file)
}

func bind(address string, port, backlog int) (int, error) {
	descriptor, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	const reusePort = 15 // SO_REUSEPORT: a blackhole's address is also covered by 0.0.0.0; the more exact socket wins
	target := &syscall.SockaddrInet4{Port: port}
	copy(target.Addr[:], net.ParseIP(address).To4())
	for _, step := range []func() error{
		func() error { return syscall.SetsockoptInt(descriptor, syscall.SOL_SOCKET, reusePort, 1) },
		func() error { return syscall.Bind(descriptor, target) },
		func() error { return syscall.Listen(descriptor, backlog) },
	} {
		if err := step(); err != nil {
			syscall.Close(descriptor)
			return -1, err
		}
	}
	return descriptor, nil
}

// dig turns addresses into blackholes and returns the sockets that keep them so.
func dig(listed string, port int) []int {
	var sockets []int
	if listed == "" {
		return nil
	}
	file, err := os.Open(listed)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		descriptor, err := bind(lines.Text(), port, 0)
		if err != nil {
			log.Fatalf("blackhole %s: %v", lines.Text(), err)
		}
		sockets = append(append(sockets, descriptor), fill(lines.Text(), port)...)
	}
	return sockets
}

// fill connects until the accept queue of a listener with backlog 0 is full; from then on the kernel drops every SYN.
func fill(address string, port int) []int {
	var sockets []int
	target := &syscall.SockaddrInet4{Port: port}
	copy(target.Addr[:], net.ParseIP(address).To4())
	for range [3]struct{}{} {
		descriptor, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			log.Fatal(err)
		}
		if err := syscall.Connect(descriptor, target); err != nil && err != syscall.EINPROGRESS {
			log.Fatalf("filling %s: %v", address, err)
		}
		sockets = append(sockets, descriptor)
	}
	return sockets
}

func (nodes fleet) accept(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			continue
		}
		go nodes.serve(connection)
	}
}

func (nodes fleet) serve(tcp net.Conn) {
	address, _, _ := net.SplitHostPort(tcp.LocalAddr().String())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	connection, channels, requests, err := ssh.NewServerConn(tcp, nodes.config)
	if err != nil {
		tcp.Close()
		return
	}
	defer connection.Close()
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		go nodes.session(ctx, channel, asked, nodes.reply(address))
	}
}

func (nodes fleet) reply(address string) []byte {
	reply := []byte(address + "\n")
	if missing := nodes.replyBytes - len(reply); missing > 0 {
		reply = append(reply, append(bytes.Repeat([]byte("."), missing-1), '\n')...)
	}
	return reply
}

func (nodes fleet) session(ctx context.Context, channel ssh.Channel, asked <-chan *ssh.Request, reply []byte) {
	for request := range asked {
		if request.Type != "exec" {
			_ = request.Reply(request.Type == "env" || request.Type == "pty-req", nil)
			continue
		}
		_ = request.Reply(true, nil)
		go func() { // the client may still send signals and window changes
			select {
			case <-time.After(nodes.delay):
				_, _ = channel.Write(reply)
				_, _ = channel.SendRequest("exit-status", false, []byte{0, 0, 0, 0})
			case <-ctx.Done():
			}
			_ = channel.Close()
		}()
	}
}
