/* SPDX-License-Identifier: MIT */
/*
 * The host's side of the system EDL files: functions that generated code of
 * a host calls when its EDL file imports them. Prototypes and types are
 * those that oeedger8r makes of include/openenclave/edl; a test compiles
 * both together.
 *
 * The caller is an enclave, which may be hostile to its host. Buffers and
 * strings are within the bounds that the parameters say; every number is
 * checked here, and handles of directories and address lists are looked up,
 * never followed. Descriptors are the host's: an enclave that gets this
 * interface can use all that the host has open.
 */
#ifndef COFFER_HOST_OCALLS_H
#define COFFER_HOST_OCALLS_H

#include <openenclave/bits/edl/syscall_types.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/report.h>
#include <openenclave/bits/sgx/sgxtypes.h>
#include <openenclave/bits/types.h>
#include <sys/types.h>

#ifndef EDGER8R_STRUCT_OE_DIRENT
#define EDGER8R_STRUCT_OE_DIRENT
struct oe_dirent {
	uint64_t d_ino;
	oe_off_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[256];
};
#endif

#ifndef EDGER8R_STRUCT___ST
#define EDGER8R_STRUCT___ST
struct __st {
	time_t tv_sec;
	suseconds_t tv_nsec;
};
#endif

#ifndef EDGER8R_STRUCT_OE_STAT_T
#define EDGER8R_STRUCT_OE_STAT_T
struct oe_stat_t {
	oe_dev_t st_dev;
	oe_ino_t st_ino;
	oe_nlink_t st_nlink;
	oe_mode_t st_mode;
	oe_uid_t st_uid;
	oe_gid_t st_gid;
	uint32_t __st_pad0;
	oe_dev_t st_rdev;
	oe_off_t st_size;
	oe_blksize_t st_blksize;
	oe_blkcnt_t st_blocks;
	struct __st st_atim;
	struct __st st_mtim;
	struct __st st_ctim;
};
#endif

#ifndef EDGER8R_STRUCT_OE_HOST_POLLFD
#define EDGER8R_STRUCT_OE_HOST_POLLFD
struct oe_host_pollfd {
	oe_host_fd_t fd;
	short int events;
	short int revents;
};
#endif

#ifndef EDGER8R_STRUCT_OE_SOCKADDR
#define EDGER8R_STRUCT_OE_SOCKADDR
struct oe_sockaddr {
	oe_sa_family_t sa_family;
	char sa_data[14];
};
#endif

#ifndef EDGER8R_STRUCT_OE_ADDRINFO
#define EDGER8R_STRUCT_OE_ADDRINFO
struct oe_addrinfo {
	int ai_flags;
	int ai_family;
	int ai_socktype;
	int ai_protocol;
	oe_socklen_t ai_addrlen;
	struct oe_sockaddr *ai_addr;
	char *ai_canonname;
	struct oe_addrinfo *ai_next;
};
#endif

#ifndef EDGER8R_STRUCT_OE_TIMESPEC
#define EDGER8R_STRUCT_OE_TIMESPEC
struct oe_timespec {
	time_t tv_sec;
	long tv_nsec;
};
#endif

#ifndef EDGER8R_STRUCT_OE_UTSNAME
#define EDGER8R_STRUCT_OE_UTSNAME
struct oe_utsname {
	char sysname[65];
	char nodename[65];
	char release[65];
	char version[65];
	char machine[65];
	char domainname[65];
};
#endif

#ifndef EDGER8R_STRUCT_OE_SYMBOLS_T
#define EDGER8R_STRUCT_OE_SYMBOLS_T
typedef struct oe_symbols_t {
	void *buffer;
	size_t size;
} oe_symbols_t;
#endif

#ifndef EDGER8R_STRUCT_TDX_QUOTE_COLLATERAL_T
#define EDGER8R_STRUCT_TDX_QUOTE_COLLATERAL_T
typedef struct tdx_quote_collateral_t {
	uint8_t *data;
	uint32_t size;
} tdx_quote_collateral_t;
#endif

typedef struct oe_host_worker_context_t oe_host_worker_context_t;
typedef struct oe_enclave_worker_context_t oe_enclave_worker_context_t;

/* ---- handle.c: numbers for pointers that an enclave keeps ---- */

enum handle_kind { HANDLE_DIRECTORY = 1, HANDLE_ADDRESSES };

/* A number for P, never 0; 0 when there are too many (errno is set). */
uint64_t handle_make(enum handle_kind kind, void *p);
/* Locks and returns what NUMBER stands for; NULL, with errno EBADF and
 * nothing locked, if it stands for nothing of that kind. */
void *handle_lock(enum handle_kind kind, uint64_t number);
void handle_unlock(void);
/* The same, and NUMBER means nothing any more; nothing stays locked. */
void *handle_remove(enum handle_kind kind, uint64_t number);

/* ---- small helpers ---- */

/* The descriptor FD for system calls; -1, which none accepts, if it does
 * not fit. */
static inline int host_fd(oe_host_fd_t fd)
{
	return fd >= 0 && fd <= 0x7fffffff ? (int)fd : -1;
}

struct iovec;

/*
 * The packed buffer BUF of SIZE bytes as an array of COUNT pieces within
 * it, freed with free(); each entry of the buffer holds the piece's offset
 * (0: none) and size. NULL with errno set if it is malformed.
 */
struct iovec *iov_unpack(void *buf, size_t size, size_t count);

/* ---- file.c ---- */
oe_host_fd_t oe_syscall_open_ocall(const char *pathname, int flags,
				   oe_mode_t mode);
ssize_t oe_syscall_read_ocall(oe_host_fd_t fd, void *buf, size_t count);
ssize_t oe_syscall_write_ocall(oe_host_fd_t fd, const void *buf,
			       size_t count);
ssize_t oe_syscall_readv_ocall(oe_host_fd_t fd, void *iov_buf, int iovcnt,
			       size_t iov_buf_size);
ssize_t oe_syscall_writev_ocall(oe_host_fd_t fd, const void *iov_buf,
				int iovcnt, size_t iov_buf_size);
oe_off_t oe_syscall_lseek_ocall(oe_host_fd_t fd, oe_off_t offset,
				int whence);
ssize_t oe_syscall_pread_ocall(oe_host_fd_t fd, void *buf, size_t count,
			       oe_off_t offset);
ssize_t oe_syscall_pwrite_ocall(oe_host_fd_t fd, const void *buf,
				size_t count, oe_off_t offset);
int oe_syscall_close_ocall(oe_host_fd_t fd);
int oe_syscall_flock_ocall(oe_host_fd_t fd, int operation);
int oe_syscall_fsync_ocall(oe_host_fd_t fd);
int oe_syscall_fdatasync_ocall(oe_host_fd_t fd);
oe_host_fd_t oe_syscall_dup_ocall(oe_host_fd_t oldfd);
int oe_syscall_fstat_ocall(oe_host_fd_t fd, struct oe_stat_t *buf);
int oe_syscall_ftruncate_ocall(oe_host_fd_t fd, oe_off_t length);
int oe_syscall_fcntl_ocall(oe_host_fd_t fd, int cmd, uint64_t arg,
			   uint64_t argsize, void *argout);
int oe_syscall_ioctl_ocall(oe_host_fd_t fd, uint64_t request, uint64_t arg,
			   uint64_t argsize, void *argout);

/* ---- path.c ---- */
uint64_t oe_syscall_opendir_ocall(const char *name);
int oe_syscall_readdir_ocall(uint64_t dirp, struct oe_dirent *entry);
void oe_syscall_rewinddir_ocall(uint64_t dirp);
int oe_syscall_closedir_ocall(uint64_t dirp);
int oe_syscall_stat_ocall(const char *pathname, struct oe_stat_t *buf);
int oe_syscall_access_ocall(const char *pathname, int mode);
int oe_syscall_link_ocall(const char *oldpath, const char *newpath);
int oe_syscall_unlink_ocall(const char *pathname);
int oe_syscall_rename_ocall(const char *oldpath, const char *newpath);
int oe_syscall_truncate_ocall(const char *path, oe_off_t length);
int oe_syscall_mkdir_ocall(const char *pathname, oe_mode_t mode);
int oe_syscall_rmdir_ocall(const char *pathname);

/* ---- wait.c ---- */
oe_host_fd_t oe_syscall_epoll_create1_ocall(int flags);
int oe_syscall_epoll_wait_ocall(int64_t epfd, struct oe_epoll_event *events,
				unsigned int maxevents, int timeout);
int oe_syscall_epoll_wake_ocall(void);
int oe_syscall_epoll_ctl_ocall(int64_t epfd, int op, int64_t fd,
			       struct oe_epoll_event *event);
int oe_syscall_epoll_close_ocall(oe_host_fd_t epfd);
int oe_syscall_poll_ocall(struct oe_host_pollfd *host_fds, oe_nfds_t nfds,
			  int timeout);
int oe_syscall_nanosleep_ocall(struct oe_timespec *req,
			       struct oe_timespec *rem);
int oe_syscall_clock_nanosleep_ocall(oe_clockid_t clockid, int flag,
				     struct oe_timespec *req,
				     struct oe_timespec *rem);

/* ---- process.c ---- */
int oe_syscall_kill_ocall(int pid, int signum);
int oe_syscall_getpid_ocall(void);
int oe_syscall_getppid_ocall(void);
int oe_syscall_getpgrp_ocall(void);
unsigned int oe_syscall_getuid_ocall(void);
unsigned int oe_syscall_geteuid_ocall(void);
unsigned int oe_syscall_getgid_ocall(void);
unsigned int oe_syscall_getegid_ocall(void);
int oe_syscall_getpgid_ocall(int pid);
int oe_syscall_getgroups_ocall(size_t size, unsigned int *list);
int oe_syscall_uname_ocall(struct oe_utsname *buf);

/* ---- socket.c ---- */
int oe_syscall_close_socket_ocall(oe_host_fd_t sockfd);
oe_host_fd_t oe_syscall_socket_ocall(int domain, int type, int protocol);
int oe_syscall_shutdown_sockets_device_ocall(oe_host_fd_t sockfd);
int oe_syscall_socketpair_ocall(int domain, int type, int protocol,
				oe_host_fd_t sv[2]);
int oe_syscall_connect_ocall(oe_host_fd_t sockfd,
			     const struct oe_sockaddr *addr,
			     oe_socklen_t addrlen);
oe_host_fd_t oe_syscall_accept_ocall(oe_host_fd_t sockfd,
				     struct oe_sockaddr *addr,
				     oe_socklen_t addrlen_in,
				     oe_socklen_t *addrlen_out);
int oe_syscall_bind_ocall(oe_host_fd_t sockfd,
			  const struct oe_sockaddr *addr,
			  oe_socklen_t addrlen);
int oe_syscall_listen_ocall(oe_host_fd_t sockfd, int backlog);
ssize_t oe_syscall_recvmsg_ocall(oe_host_fd_t sockfd, void *msg_name,
				 oe_socklen_t msg_namelen,
				 oe_socklen_t *msg_namelen_out,
				 void *msg_iov_buf, size_t msg_iovlen,
				 size_t msg_iov_buf_size, void *msg_control,
				 size_t msg_controllen,
				 size_t *msg_controllen_out, int flags);
ssize_t oe_syscall_sendmsg_ocall(oe_host_fd_t sockfd, const void *msg_name,
				 oe_socklen_t msg_namelen, void *msg_iov_buf,
				 size_t msg_iovlen, size_t msg_iov_buf_size,
				 const void *msg_control,
				 size_t msg_controllen, int flags);
ssize_t oe_syscall_recv_ocall(oe_host_fd_t sockfd, void *buf, size_t len,
			      int flags);
ssize_t oe_syscall_recvfrom_ocall(oe_host_fd_t sockfd, void *buf, size_t len,
				  int flags, struct oe_sockaddr *src_addr,
				  oe_socklen_t addrlen_in,
				  oe_socklen_t *addrlen_out);
ssize_t oe_syscall_send_ocall(oe_host_fd_t sockfd, const void *buf,
			      size_t len, int flags);
ssize_t oe_syscall_sendto_ocall(oe_host_fd_t sockfd, const void *buf,
				size_t len, int flags,
				const struct oe_sockaddr *dest_addr,
				oe_socklen_t addrlen);
ssize_t oe_syscall_recvv_ocall(oe_host_fd_t fd, void *iov_buf, int iovcnt,
			       size_t iov_buf_size);
ssize_t oe_syscall_sendv_ocall(oe_host_fd_t fd, const void *iov_buf,
			       int iovcnt, size_t iov_buf_size);
int oe_syscall_shutdown_ocall(oe_host_fd_t sockfd, int how);
int oe_syscall_setsockopt_ocall(oe_host_fd_t sockfd, int level, int optname,
				const void *optval, oe_socklen_t optlen);
int oe_syscall_getsockopt_ocall(oe_host_fd_t sockfd, int level, int optname,
				void *optval, oe_socklen_t optlen_in,
				oe_socklen_t *optlen_out);
int oe_syscall_getsockname_ocall(oe_host_fd_t sockfd,
				 struct oe_sockaddr *addr,
				 oe_socklen_t addrlen_in,
				 oe_socklen_t *addrlen_out);
int oe_syscall_getpeername_ocall(oe_host_fd_t sockfd,
				 struct oe_sockaddr *addr,
				 oe_socklen_t addrlen_in,
				 oe_socklen_t *addrlen_out);

/* ---- resolve.c ---- */
int oe_syscall_getaddrinfo_open_ocall(const char *node, const char *service,
				      const struct oe_addrinfo *hints,
				      uint64_t *handle);
int oe_syscall_getaddrinfo_read_ocall(
	uint64_t handle, int *ai_flags, int *ai_family, int *ai_socktype,
	int *ai_protocol, oe_socklen_t ai_addrlen_in,
	oe_socklen_t *ai_addrlen, struct oe_sockaddr *ai_addr,
	size_t ai_canonnamelen_in, size_t *ai_canonnamelen,
	char *ai_canonname);
int oe_syscall_getaddrinfo_close_ocall(uint64_t handle);
int oe_syscall_getnameinfo_ocall(const struct oe_sockaddr *sa,
				 oe_socklen_t salen, char *host,
				 oe_socklen_t hostlen, char *serv,
				 oe_socklen_t servlen, int flags);

/* ---- sgx.c ---- */
void oe_log_is_supported_ocall(void);
void oe_log_ocall(uint32_t log_level, const char *message);
void oe_write_ocall(int device, const char *str, size_t maxlen);
oe_result_t oe_sgx_backtrace_symbols_ocall(oe_enclave_t *oe_enclave,
					   const uint64_t *buffer,
					   size_t size,
					   oe_symbols_t *symbols);
oe_result_t oe_sgx_log_backtrace_ocall(oe_enclave_t *oe_enclave,
				       const uint64_t *buffer, size_t size);
void oe_sgx_wake_switchless_worker_ocall(oe_host_worker_context_t *context);
void oe_sgx_sleep_switchless_worker_ocall(
	oe_enclave_worker_context_t *context);
oe_result_t oe_get_supported_attester_format_ids_ocall(
	void *format_ids, size_t format_ids_size,
	size_t *format_ids_size_out);
oe_result_t oe_get_qetarget_info_ocall(const oe_uuid_t *format_id,
				       const void *opt_params,
				       size_t opt_params_size,
				       sgx_target_info_t *target_info);
oe_result_t oe_get_quote_ocall(const oe_uuid_t *format_id,
			       const void *opt_params, size_t opt_params_size,
			       const sgx_report_t *sgx_report, void *quote,
			       size_t quote_size, size_t *quote_size_out);
oe_result_t oe_get_quote_verification_collateral_ocall(
	uint8_t fmspc[6], uint8_t collateral_provider, void *tcb_info,
	size_t tcb_info_size, size_t *tcb_info_size_out,
	void *tcb_info_issuer_chain, size_t tcb_info_issuer_chain_size,
	size_t *tcb_info_issuer_chain_size_out, void *pck_crl,
	size_t pck_crl_size, size_t *pck_crl_size_out, void *root_ca_crl,
	size_t root_ca_crl_size, size_t *root_ca_crl_size_out,
	void *pck_crl_issuer_chain, size_t pck_crl_issuer_chain_size,
	size_t *pck_crl_issuer_chain_size_out, void *qe_identity,
	size_t qe_identity_size, size_t *qe_identity_size_out,
	void *qe_identity_issuer_chain, size_t qe_identity_issuer_chain_size,
	size_t *qe_identity_issuer_chain_size_out);
oe_result_t oe_get_quote_verification_collateral_with_baseline_ocall(
	uint8_t fmspc[6], uint8_t collateral_provider, void *baseline,
	size_t baseline_size, void *tcb_info, size_t tcb_info_size,
	size_t *tcb_info_size_out, void *tcb_info_issuer_chain,
	size_t tcb_info_issuer_chain_size,
	size_t *tcb_info_issuer_chain_size_out, void *pck_crl,
	size_t pck_crl_size, size_t *pck_crl_size_out, void *root_ca_crl,
	size_t root_ca_crl_size, size_t *root_ca_crl_size_out,
	void *pck_crl_issuer_chain, size_t pck_crl_issuer_chain_size,
	size_t *pck_crl_issuer_chain_size_out, void *qe_identity,
	size_t qe_identity_size, size_t *qe_identity_size_out,
	void *qe_identity_issuer_chain, size_t qe_identity_issuer_chain_size,
	size_t *qe_identity_issuer_chain_size_out);
oe_result_t oe_verify_quote_ocall(
	const oe_uuid_t *format_id, const void *opt_params,
	size_t opt_params_size, const void *p_quote, uint32_t quote_size,
	const time_t expiration_check_date,
	uint32_t *p_collateral_expiration_status,
	uint32_t *p_quote_verification_result, void *p_qve_report_info,
	uint32_t qve_report_info_size, void *p_supplemental_data,
	uint32_t supplemental_data_size,
	uint32_t *p_supplemental_data_size_out, uint32_t collateral_version,
	const void *p_tcb_info, uint32_t tcb_info_size,
	const void *p_tcb_info_issuer_chain,
	uint32_t tcb_info_issuer_chain_size, const void *p_pck_crl,
	uint32_t pck_crl_size, const void *p_root_ca_crl,
	uint32_t root_ca_crl_size, const void *p_pck_crl_issuer_chain,
	uint32_t pck_crl_issuer_chain_size, const void *p_qe_identity,
	uint32_t qe_identity_size, const void *p_qe_identity_issuer_chain,
	uint32_t qe_identity_issuer_chain_size);
oe_result_t oe_get_tdx_quote_verification_collateral_ocall(
	const void *p_quote, uint32_t quote_size,
	tdx_quote_collateral_t *collateral);
oe_result_t oe_verify_tdx_quote_ocall(
	const oe_uuid_t *format_id, const void *opt_params,
	size_t opt_params_size, const void *p_quote, uint32_t quote_size,
	const void *p_endorsements, uint32_t endorsements_size,
	const time_t expiration_check_date,
	uint32_t *p_collateral_expiration_status,
	uint32_t *p_quote_verification_result, void *p_qve_report_info,
	uint32_t qve_report_info_size, void *p_supplemental_data,
	uint32_t supplemental_data_size,
	uint32_t *p_supplemental_data_size_out);

#endif
